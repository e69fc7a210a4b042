"""The whole check of a log, and the smaller one that comes before a cosignature."""

from collections.abc import Sequence

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from pinakes.federation.ledger import keys, merkle
from pinakes.federation.ledger.checking import (
    Given,
    Memory,
    Signed,
    Verdict,
    check_first_key,
    check_head,
    check_kept,
    cosigner,
    judge,
    rewritten,
)
from pinakes.federation.ledger.keys import Announcement, KeyBroken
from pinakes.federation.ledger.notes import Checkpoint, NotANote, cosign, public_of
from pinakes.federation.ledger.reading import Reading
from pinakes.federation.ledger.sources import Afar, Beside, Source, told
from pinakes.federation.ledger.views import ConsistencyView, HeadView, InclusionView
from pinakes.platform.clock import now
from pinakes.platform.words import counted

NOTHING = Checkpoint("", 0, merkle.EMPTY)


class LogRefused(Exception):
    """The log cannot be trusted; each of *wrong* says why."""

    def __init__(self, wrong: Sequence[str]) -> None:
        super().__init__("; ".join(wrong))
        self.wrong = wrong


async def verify(source: Source, branch: str | None, memory: Memory | None) -> Verdict:
    """Recompute everything from the leaves, and compare it with all that is told and kept."""
    heads: list[Signed] = []
    broken: list[str] = []
    for one in await source.heads():
        try:
            heads.append(Signed.read(one))
        except NotANote as error:
            broken.append(f"head of {counted(one.size, 'leaves')}: {error}")
    if not heads:
        return Verdict(NOTHING, broken or ["no head has ever been signed"], None)
    reading = Reading({one.head.size for one in heads} | ({memory.size} if memory else set()))
    broken += await read(source, reading, heads[-1].head.size)
    events = await source.events(branch)
    broken += await source.altered(events)
    whole = branch is None and isinstance(source, Beside)
    verdict = judge(reading, Given(heads, events, whole), memory, now())
    wrong = [*broken, *verdict.wrong]
    return Verdict(verdict.head, wrong, None if wrong else verdict.memory)


async def read(source: Source, reading: Reading, size: int) -> list[str]:
    """Read *size* leaves; what is kept otherwise than they say."""
    wrong: list[str] = []
    async for leaves in source.leaves(size):
        rest = leaves[: size - reading.tree.size]  # what no head covers does not stand in the log
        wrong += await source.differing([pair for leaf in rest for pair in reading.take(leaf)])
    return wrong


async def look(afar: Afar, memory: Memory | None) -> tuple[HeadView, Memory]:
    """The newest head and what to keep of it; LogRefused when it does not follow from *memory*.

    O(log n): the log's keys with their proofs, its signature, and one proof of consistency.
    """
    view = await afar.latest()
    try:
        head = Signed.read(told(view))
        chain = keys.followed((one.index, bytes.fromhex(one.leaf)) for one in await afar.keys())
    except (NotANote, KeyBroken, ValueError) as error:
        raise LogRefused([str(error)]) from error
    chain = [one for one in chain if one.index < head.head.size]
    if not chain:
        raise LogRefused(["the head is of an empty log"])
    wrong = [*check_first_key(chain), *check_head(chain, head)]
    for one in chain:
        wrong += await check_key_leaf(afar, one, head.head)
    if memory is not None:
        wrong += await check_growth(afar, chain, head.head, memory)
    if wrong:
        raise LogRefused(wrong)
    branches = memory.branches if memory else {}
    first = chain[0]
    kept = Memory(first.origin, first.key, head.head.size, head.head.root.hex(), branches)
    return view, kept


async def check_key_leaf(afar: Afar, announced: Announcement, head: Checkpoint) -> list[str]:
    """That a key was announced in the log itself, for everybody to see."""
    leaf = merkle.leaf_hash(announced.leaf)
    shown = await afar.ask(InclusionView, "/ledger/inclusion", leaf=leaf.hex(), size=head.size)
    path = [bytes.fromhex(hash) for hash in shown.path]
    if merkle.is_included(leaf, announced.index, head.size, path, head.root):
        return []
    return [f"the key of leaf {announced.index} does not stand in the log"]


async def check_growth(
    afar: Afar, chain: Sequence[Announcement], head: Checkpoint, memory: Memory
) -> list[str]:
    """That the log only grew since the kept head."""
    if wrong := check_kept(chain, head, memory):
        return wrong
    query = {"from": memory.size, "to": head.size}
    shown = await afar.ask(ConsistencyView, "/ledger/consistency", **query)
    path = [bytes.fromhex(hash) for hash in shown.path]
    kept = bytes.fromhex(memory.root)
    if merkle.is_consistent(memory.size, kept, head.size, head.root, path):
        return []
    return [rewritten(memory)]


async def send_cosignature(
    afar: Afar, branch: str, private: Ed25519PrivateKey, view: HeadView
) -> HeadView:
    """Sign a head that was looked at, and hand the signature in."""
    public = public_of(private)
    await afar.register(branch, public)
    text = Signed.read(told(view)).head.text
    name = cosigner(view.origin, branch, public).name
    line = cosign(private, name, text, int(now().timestamp()))
    return await afar.cosign(branch, view.size, line)
