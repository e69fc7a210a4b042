"""What anybody may see of the log: heads, proofs, leaves, keys."""

from datetime import datetime

from msgspec import Struct, field
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.federation.ledger import log, merkle
from pinakes.federation.ledger.checking import cosigner
from pinakes.federation.ledger.models import Cosignature, Cosigner, Head, Leaf
from pinakes.federation.ledger.notes import Checkpoint, Key
from pinakes.federation.ledger.notes import opened as opened_note
from pinakes.platform.directory import Directory
from pinakes.platform.errors import BadRequest, NotFound


class LedgerNotBegun(NotFound):
    code = "ledger_not_begun"
    title = "The ledger has no such head yet"


class LeafUnknown(NotFound):
    code = "leaf_unknown"
    title = "The ledger has no such leaf"


class SizeUnknown(BadRequest):
    code = "ledger_size_unknown"
    title = "The ledger never had this size"


class CosignerView(Struct):
    """A branch's public key, in hex, and as programs for signed notes take it."""

    branch: str
    key: str
    written: str


class HeadView(Struct):
    """A signed tree head: *note* is C2SP's checkpoint with all signatures; hashes are hex."""

    origin: str
    size: int
    root: str
    signed_at: datetime
    note: str
    cosigners: list[CosignerView]


class InclusionView(Struct):
    """That a leaf stands in the tree of *size*: *path* leads from its hash to the root."""

    leaf: str
    index: int
    size: int
    path: list[str]


class ConsistencyView(Struct):
    """That the tree of *from* leaves begins that of *to*."""

    old: int = field(name="from")
    size: int = field(name="to")
    path: list[str] = []


class LeavesView(Struct):
    """Leaves from *start* on, in hex: what is hashed, without the leading zero byte."""

    start: int
    leaves: list[str]
    size: int  # of the whole log


class KeyView(Struct):
    """From leaf *index* on the log signs with *key*; *leaf* says so."""

    index: int
    key: str
    written: str
    leaf: str


async def head(session: AsyncSession, directory: Directory, cosigned: int = 0) -> HeadView:
    """The newest head that at least *cosigned* branches have signed."""
    newest = select(Head).order_by(Head.size.desc()).limit(1)
    if cosigned:
        enough = (
            select(Cosignature.size).group_by(Cosignature.size).having(func.count() >= cosigned)
        )
        newest = newest.where(Head.size.in_(enough))
    found = await session.scalar(newest)
    if found is None:
        raise LedgerNotBegun("No head has been signed yet, or not by so many. Try again later.")
    return await head_view(session, directory, found)


async def head_view(session: AsyncSession, directory: Directory, row: Head) -> HeadView:
    signed = select(Cosignature).where(Cosignature.size == row.size)
    by = (await session.scalars(signed.order_by(Cosignature.tenant_id))).all()
    checkpoint = Checkpoint.read(opened_note(row.note)[0])
    return HeadView(
        origin=checkpoint.origin,
        size=row.size,
        root=checkpoint.root.hex(),
        signed_at=row.signed_at,
        note=row.note + "".join(one.line for one in by),
        cosigners=[
            cosigner_view(checkpoint.origin, directory.ids[one.tenant_id].code, one.key)
            for one in by
        ],
    )


def cosigner_view(origin: str, branch: str, key: bytes) -> CosignerView:
    return CosignerView(branch, key.hex(), cosigner(origin, branch, key).written)


async def cosigners(session: AsyncSession, directory: Directory) -> list[CosignerView]:
    """Which branches may cosign, and with which keys."""
    chain = await log.chain(session)
    rows = await session.scalars(select(Cosigner).order_by(Cosigner.tenant_id))
    return [
        cosigner_view(chain[0].origin, directory.ids[row.tenant_id].code, row.key) for row in rows
    ]


async def include(session: AsyncSession, leaf: bytes, size: int | None) -> InclusionView:
    """Where a leaf stands, and the proof."""
    whole = await log.size(session)
    size = whole if size is None else size
    place = await session.scalar(select(Leaf.place).where(Leaf.hash == leaf))
    if place is None:
        raise LeafUnknown("What was recorded a moment ago follows within a second.")
    if not place < size <= whole:
        raise SizeUnknown(f"Ask for a size from {place + 1} to {whole}.")
    path = await log.prove(session, merkle.inclusion(place, size))
    return InclusionView(leaf.hex(), place, size, [hash.hex() for hash in path])


async def continue_(session: AsyncSession, old: int, size: int) -> ConsistencyView:
    """The proof that nothing of the tree of *old* leaves was changed."""
    whole = await log.size(session)
    if not old <= size <= whole:
        raise SizeUnknown(f"Ask for sizes up to {whole}, the smaller one first.")
    path = await log.prove(session, merkle.consistency(old, size))
    return ConsistencyView(old, size, [hash.hex() for hash in path])


async def leaves(session: AsyncSession, start: int, limit: int) -> LeavesView:
    """Some leaves, in their order."""
    some = select(Leaf.data).where(Leaf.place >= start, Leaf.place < start + limit)
    found = await session.scalars(some.order_by(Leaf.place))
    return LeavesView(start, [data.hex() for data in found], await log.size(session))


async def keys(session: AsyncSession) -> list[KeyView]:
    """The log's keys, the first one first."""
    return [
        KeyView(one.index, one.key, Key(one.origin, one.public).written, one.leaf.hex())
        for one in await log.chain(session)
    ]
