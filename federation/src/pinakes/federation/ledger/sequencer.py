"""The sequencer: puts what waits into the log, in batches, and signs each new head.

One transaction of one role takes a batch out of the queue, adds it to the log and signs, so that
a crash leaves either all of it or nothing. Of several workers the one with the lock does it.
"""

import asyncio
from datetime import datetime
from logging import getLogger
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import insert, text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from pinakes.federation.ledger import keys, log, notes
from pinakes.federation.ledger.leaves import event_leaf
from pinakes.federation.ledger.merkle import Frontier
from pinakes.federation.ledger.models import Head
from pinakes.federation.ledger.notes import Checkpoint, public_of
from pinakes.platform.clock import now
from pinakes.platform.config import Settings
from pinakes.platform.db import Database, engine, public_work

BATCH = 5000
PACE = 0.5  # seconds; what was committed waits no longer for its place
AGAIN = 5.0  # seconds, after something failed

ALONE = text("SELECT pg_try_advisory_xact_lock(hashtext('ledger'))")
IN_TURN = text("SELECT pg_advisory_xact_lock(hashtext('ledger'))")
TAKE = text("""
    WITH batch AS MATERIALIZED (
        SELECT tenant_id, id FROM ledger_waiting ORDER BY created_at, id LIMIT :most
    ), taken AS (
        DELETE FROM ledger_waiting w USING batch b
        WHERE w.tenant_id = b.tenant_id AND w.id = b.id
        RETURNING w.created_at, w.id, w.commitment
    )
    SELECT commitment FROM taken ORDER BY created_at, id
""")

logger = getLogger(__name__)


async def keep_ledger(settings: Settings, _: Database) -> None:
    """Sequence as long as the worker lives; without the ledger's role events go on waiting."""
    if settings.ledger is None:
        logger.warning("no PINAKES_LEDGER is set: what is recorded waits in the queue")
        return
    role = engine(settings.ledger.get_secret_value(), size=1)
    try:
        while True:
            rest = await attempt(role, settings)
            await asyncio.sleep(rest)
    finally:
        await role.dispose()


async def attempt(role: AsyncEngine, settings: Settings) -> float:
    """One batch; for how many seconds to rest then."""
    try:
        done = await sequence(role, settings.ledger_key, settings.address)
    except Exception:
        logger.exception("the ledger waits")
        return AGAIN
    return 0 if done == BATCH else PACE


async def sequence(role: AsyncEngine, key: Path, address: str, most: int = BATCH) -> int:
    """Put at most *most* commitments into the log; how many that were."""
    async with public_work(role) as session:
        if not await session.scalar(ALONE):
            return 0  # another worker is at it
        waiting = list(await session.scalars(TAKE, {"most": most}))
        chain = await log.chain(session)
        if waiting or not chain:
            tree = await log.frontier(session)
            announced = chain[-1] if chain else await begin(session, tree, key, address)
            private = keys.load_signing(key, announced.public)
            await log.grow(session, tree, [event_leaf(one) for one in waiting])
            await sign(session, tree, announced.origin, private)
        return len(waiting)


async def begin(
    session: AsyncSession, tree: Frontier, key: Path, address: str
) -> keys.Announcement:
    """The first leaf of a log: its first key, and with it its name."""
    private = keys.load(key)
    public = public_of(private)
    announced = keys.announce(keys.origin_of(address, public), 0, public, private)
    await log.add_key(session, tree, announced)
    return announced


async def sign(
    session: AsyncSession, tree: Frontier, origin: str, private: Ed25519PrivateKey
) -> None:
    """Sign the tree as it stands now."""
    head = Checkpoint(origin, tree.size, tree.root)
    note = notes.note(head.text, [notes.sign(private, origin, head.text)])
    moment: datetime = now()
    await session.execute(insert(Head).values(size=tree.size, signed_at=moment, note=note))


async def rotate(role: AsyncEngine, file: Path) -> keys.Announcement:
    """Change the log's key: the old one names the new one in a leaf, and the new one signs.

    The new key lies beside the old one until the leaf is committed; ``keys.load_signing`` moves
    it into place, here or after a crash.
    """
    async with public_work(role) as session:
        await session.execute(IN_TURN)
        chain = await log.chain(session)
        if not chain:
            raise keys.NoSuchKey("the log has not begun; its first key is still to be announced")
        old = keys.load_signing(file, chain[-1].public)
        keys.coming(file).unlink(missing_ok=True)  # of an attempt that was not committed
        new = keys.make(keys.coming(file))
        tree = await log.frontier(session)
        announced = keys.announce(chain[-1].origin, tree.size, public_of(new), old)
        await log.add_key(session, tree, announced)
        await sign(session, tree, announced.origin, new)
    keys.load_signing(file, announced.public)
    return announced
