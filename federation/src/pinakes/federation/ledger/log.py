"""The log in the database: what reads it, and the one verb that lets it grow."""

from collections.abc import Iterable, Sequence

from sqlalchemy import func, insert, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.federation.ledger import merkle
from pinakes.federation.ledger.keys import Announcement, followed
from pinakes.federation.ledger.merkle import Frontier, Node, Range
from pinakes.federation.ledger.models import KeyLeaf, Leaf

HASHES = text("""
    SELECT w.level, w.place, coalesce(l.hash, n.hash) AS hash
    FROM unnest(CAST(:level AS smallint[]), CAST(:place AS bigint[])) AS w (level, place)
    LEFT JOIN commons.ledger_leaf l ON w.level = 0 AND l.place = w.place
    LEFT JOIN commons.ledger_node n ON n.level = w.level AND n.place = w.place
    WHERE coalesce(l.hash, n.hash) IS NOT NULL
""")
ADD_LEAVES = text("""
    INSERT INTO commons.ledger_leaf (place, hash, data)
    SELECT * FROM unnest(CAST(:place AS bigint[]), CAST(:hash AS bytea[]), CAST(:data AS bytea[]))
""")
ADD_NODES = text("""
    INSERT INTO commons.ledger_node (level, place, hash)
    SELECT * FROM unnest(CAST(:level AS smallint[]), CAST(:place AS bigint[]),
                         CAST(:hash AS bytea[]))
""")


async def size(session: AsyncSession) -> int:
    """How many leaves the log has."""
    last = await session.scalar(select(func.max(Leaf.place)))
    return 0 if last is None else last + 1


async def hashes(session: AsyncSession, nodes: Iterable[Node]) -> dict[Node, bytes]:
    """The kept hashes of complete subtrees: O(log n) rows for a proof."""
    wanted = list(nodes)
    levels, places = [node[0] for node in wanted], [node[1] for node in wanted]
    rows = await session.execute(HASHES, {"level": levels, "place": places})
    return {(level, place): hash for level, place, hash in rows}


async def prove(session: AsyncSession, ranges: Sequence[Range]) -> list[bytes]:
    """The hashes of a proof."""
    return merkle.proof(ranges, await hashes(session, merkle.needed(ranges)))


async def chain(session: AsyncSession) -> list[Announcement]:
    """Which keys the log has signed with, the present one last; none before it has begun."""
    announcing = Leaf.place.in_(select(KeyLeaf.place))
    rows = (await session.scalars(select(Leaf).where(announcing).order_by(Leaf.place))).all()
    return followed((row.place, row.data) for row in rows) if rows else []


async def frontier(session: AsyncSession) -> Frontier:
    """The log as something that grows."""
    here = await size(session)
    nodes = merkle.complete(0, here)
    known = await hashes(session, nodes)
    return Frontier(here, [known[node] for node in nodes])


async def grow(session: AsyncSession, tree: Frontier, leaves: Sequence[bytes]) -> None:
    """Add *leaves* behind the last one; the tree follows."""
    begin = tree.size
    made = [pair for data in leaves for pair in tree.add(merkle.leaf_hash(data))]
    first = [hash for (level, _), hash in made if level == 0]
    inner = [(level, place, hash) for (level, place), hash in made if level]
    places = list(range(begin, tree.size))
    await session.execute(ADD_LEAVES, {"place": places, "hash": first, "data": list(leaves)})
    if inner:
        level, place, hash = (list(column) for column in zip(*inner, strict=True))
        await session.execute(ADD_NODES, {"level": level, "place": place, "hash": hash})


async def add_key(session: AsyncSession, tree: Frontier, announcement: Announcement) -> None:
    """Add the leaf of a key."""
    await grow(session, tree, [announcement.leaf])
    await session.execute(insert(KeyLeaf).values(place=announcement.index))
