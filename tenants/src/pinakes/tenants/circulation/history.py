"""Who had borrowed what is forgotten some time after the return (``history.days``).

A history that a reader wants to keep is kept at home (``federation.loans``), by
nobody else: every lending branch cuts its own link, the home branch included.
"""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from logging import getLogger

from sqlalchemy import func, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.platform.clock import now
from pinakes.platform.db import Database, public_work, unit_of_work
from pinakes.tenants.circulation.models import Loan
from pinakes.tenants.registry.settings import effective

log = getLogger(__name__)

TURNS = 60  # of a minute each: every branch has its turn once an hour
THIS_TURN = text("""
    SELECT id FROM commons.tenant
    WHERE id % :turns = :turn AND state IN ('active', 'suspended', 'leaving')
""")


async def cut_old(database: Database) -> None:
    """Cut the readers from loans that were returned long enough ago."""

    async def work(session: AsyncSession, tenant: int) -> None:
        await cut(session, await window(session, tenant))

    await in_turn(database, work)


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
            log.exception("a history was not cut; its branch has another turn in an hour")


async def window(session: AsyncSession, tenant: int) -> timedelta:
    """How long after the return a loan is still somebody's."""
    return timedelta(days=(await effective(session, tenant, "history.days")).value)


async def cut(session: AsyncSession, window: timedelta) -> None:
    """Forget who had what was returned before the *window*."""
    await session.execute(
        update(Loan)
        .where(Loan.person_id.is_not(None), Loan.returned_at < func.now() - window)
        .values(person_id=None)
    )
