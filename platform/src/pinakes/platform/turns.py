"""Chores that look at every branch: each has its turn once an hour, in one of its minutes."""

from collections.abc import Awaitable, Callable
from logging import getLogger

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.platform.clock import now
from pinakes.platform.db import Database, public_work, unit_of_work

log = getLogger(__name__)

TURNS = 60  # of a minute each
THIS_TURN = text("""
    SELECT id FROM commons.tenant
    WHERE id % :turns = :turn AND state IN ('active', 'suspended', 'leaving') AND cell IS NULL
""")


async def in_turn(database: Database, work: Callable[[AsyncSession, int], Awaitable[None]]) -> None:
    """Do *work* in each of the branches whose turn this minute is; no failure stops the rest."""
    async with public_work(database.app) as session:
        turn = {"turns": TURNS, "turn": now().minute}
        tenants = (await session.scalars(THIS_TURN, turn)).all()
    for tenant in tenants:
        try:
            async with unit_of_work(database.app, tenant, closed_too=True) as session:
                await work(session, tenant)
        except Exception:
            log.exception("a chore failed in one branch, which has another turn in an hour")
