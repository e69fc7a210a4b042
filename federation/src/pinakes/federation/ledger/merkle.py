"""The Merkle tree of RFC 6962 (and RFC 9162): roots, proofs, and how they are checked. Pure.

A complete subtree is known by its level and its place in it: ``(0, 5)`` is leaf 5, ``(3, 1)`` the
subtree over the leaves 8 to 15. Its hash never changes again, so that is what is kept; every root
and every proof is made of O(log n) of them.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import sha256

type Node = tuple[int, int]  # level, place
type Range = tuple[int, int]  # leaves from (with) and to (without)

EMPTY = sha256(b"").digest()


def leaf_hash(data: bytes) -> bytes:
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


class Frontier:
    """A tree that only grows: of its *size* leaves it remembers the complete subtrees' hashes."""

    def __init__(self, size: int = 0, hashes: Iterable[bytes] = ()) -> None:
        self.size = size
        self.hashes = list(hashes)  # of complete(0, size)

    def add(self, leaf: bytes) -> Iterator[tuple[Node, bytes]]:
        """Take one more leaf's hash; answers that leaf and each subtree it completes."""
        level, place, hash = 0, self.size, leaf
        yield (level, place), hash
        while place % 2:
            level, place, hash = level + 1, place // 2, node_hash(self.hashes.pop(), hash)
            yield (level, place), hash
        self.hashes.append(hash)
        self.size += 1

    @property
    def root(self) -> bytes:
        return folded(self.hashes)


def folded(hashes: Sequence[bytes]) -> bytes:
    """The hash over neighbouring complete subtrees, the largest first."""
    if not hashes:
        return EMPTY
    *rest, hash = hashes
    for left in reversed(rest):
        hash = node_hash(left, hash)
    return hash


def complete(begin: int, end: int) -> list[Node]:
    """The complete subtrees over a range of RFC 6962, the largest first."""
    found: list[Node] = []
    while begin < end:
        level = (end - begin).bit_length() - 1
        found.append((level, begin >> level))
        begin += 1 << level
    return found


def middle(begin: int, end: int) -> int:
    """Where RFC 6962 cuts a range of two leaves or more."""
    return begin + (1 << ((end - begin - 1).bit_length() - 1))


def inclusion(index: int, size: int) -> list[Range]:
    """What the proof holds that leaf *index* stands in the tree of *size*: the hashes of these."""
    begin, end, beside = 0, size, list[Range]()
    while end - begin > 1:
        cut = middle(begin, end)
        if index < cut:
            beside.append((cut, end))
            end = cut
        else:
            beside.append((begin, cut))
            begin = cut
    return beside[::-1]


def consistency(old: int, size: int) -> list[Range]:
    """What the proof holds that the tree of *old* leaves (1 … *size*) begins that of *size*."""
    begin, end, beside = 0, size, list[Range]()
    while old < end:
        cut = middle(begin, end)
        if old <= cut:
            beside.append((cut, end))
            end = cut
        else:
            beside.append((begin, cut))
            begin = cut
    return [*([(begin, end)] if begin else []), *reversed(beside)]


def needed(ranges: Iterable[Range]) -> list[Node]:
    """The complete subtrees whose hashes make the hashes of these ranges."""
    return [node for begin, end in ranges for node in complete(begin, end)]


def proof(ranges: Iterable[Range], hashes: Mapping[Node, bytes]) -> list[bytes]:
    """The hash of each range."""
    return [folded([hashes[node] for node in complete(*one)]) for one in ranges]


def fits(path: Sequence[bytes], ranges: Sequence[Range]) -> bool:
    """Whether it has one whole hash for each range: a longer one could be read in two ways."""
    return len(path) == len(ranges) and all(len(hash) == len(EMPTY) for hash in path)


def is_included(leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """Whether *path* shows that the hash *leaf* stands at *index* under *root*."""
    if not 0 <= index < size:
        return False
    ranges = inclusion(index, size)
    if not fits(path, ranges):
        return False
    hash = leaf
    for (begin, _), other in zip(ranges, path, strict=True):
        hash = node_hash(other, hash) if begin < index else node_hash(hash, other)
    return hash == root


def is_consistent(old: int, old_root: bytes, size: int, root: bytes, path: Sequence[bytes]) -> bool:
    """Whether *path* shows that the tree of *old* leaves begins the tree of *size*."""
    if not 0 < old < size:
        same = old == size and old_root == root
        return not path and (same or (old == 0 < size and old_root == EMPTY))
    ranges = consistency(old, size)
    if not fits(path, ranges):
        return False
    if ranges[0][1] == old:
        first, pairs = path[0], list(zip(ranges, path, strict=True))[1:]
    else:
        first, pairs = old_root, list(zip(ranges, path, strict=True))
    before = after = first
    for (begin, _), other in pairs:
        if begin < old:
            before, after = node_hash(other, before), node_hash(other, after)
        else:
            after = node_hash(after, other)
    return before == old_root and after == root
