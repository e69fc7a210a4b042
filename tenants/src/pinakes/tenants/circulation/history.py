"""Who had borrowed what is forgotten some time after the return (``history.days``).

A history that a reader wants to keep is kept at home (``federation.loans``), by
nobody else: every lending branch cuts its own link, the home branch included.
"""

from datetime import timedelta

from sqlalchemy import func, update
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.platform.db import Database
from pinakes.platform.turns import in_turn
from pinakes.tenants.circulation.models import Loan
from pinakes.tenants.registry.settings import effective


async def cut_old(database: Database) -> None:
    """Cut the readers from loans that were returned long enough ago."""

    async def work(session: AsyncSession, tenant: int) -> None:
        await cut(session, await window(session, tenant))

    await in_turn(database, work)


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
