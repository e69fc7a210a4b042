"""RFC 6962, section 2.1, word by word: a judge that shares no code with the ledger.

Reads {"leaves": [hex], "inclusion": [[index, size]], "consistency": [[old, size]]} from standard
input; answers every root and the wanted proofs in hex.
"""

import hashlib
import json
import sys

sys.setrecursionlimit(10_000)
KNOWN: dict[tuple[int, int], bytes] = {}


def k_of(n: int) -> int:
    k = 1
    while 2 * k < n:
        k *= 2
    return k


def mth(begin: int, end: int) -> bytes:
    if (begin, end) not in KNOWN:
        d = LEAVES[begin:end]
        n = len(d)
        if n == 0:
            value = hashlib.sha256(b"").digest()
        elif n == 1:
            value = hashlib.sha256(b"\x00" + d[0]).digest()
        else:
            k = k_of(n)
            value = hashlib.sha256(b"\x01" + mth(begin, begin + k) + mth(begin + k, end)).digest()
        KNOWN[begin, end] = value
    return KNOWN[begin, end]


def path(m: int, begin: int, end: int) -> list[bytes]:
    n = end - begin
    if n == 1:
        return []
    k = k_of(n)
    if m < k:
        return [*path(m, begin, begin + k), mth(begin + k, end)]
    return [*path(m - k, begin + k, end), mth(begin, begin + k)]


def subproof(m: int, begin: int, end: int, whole: bool) -> list[bytes]:
    n = end - begin
    if m == n:
        return [] if whole else [mth(begin, end)]
    k = k_of(n)
    if m <= k:
        return [*subproof(m, begin, begin + k, whole), mth(begin + k, end)]
    return [*subproof(m - k, begin + k, end, False), mth(begin, begin + k)]


asked = json.load(sys.stdin)
LEAVES = [bytes.fromhex(leaf) for leaf in asked["leaves"]]
json.dump(
    {
        "roots": [mth(0, size).hex() for size in range(len(LEAVES) + 1)],
        "inclusion": [[h.hex() for h in path(m, 0, n)] for m, n in asked["inclusion"]],
        "consistency": [
            [h.hex() for h in subproof(m, 0, n, True)] for m, n in asked["consistency"]
        ],
    },
    sys.stdout,
)
