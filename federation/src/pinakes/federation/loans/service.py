"""What a home branch knows of its readers' loans, and how long."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Interval, Select, bindparam, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.federation.loans.models import Borrowed
from pinakes.platform.db import Database
from pinakes.platform.turns import in_turn
from pinakes.tenants.circulation.history import window

FORGET = text("""
    DELETE FROM borrowed b WHERE returned_at < now() - :window AND NOT EXISTS
        (SELECT FROM standing s WHERE s.person_id = b.person_id AND s.keep_history)
""").bindparams(bindparam("window", type_=Interval()))


async def lent_by(session: AsyncSession, loan: UUID, lender: int) -> bool:
    """Whether a reader of ours has this from that branch."""
    known = await session.get(Borrowed, (session.info["tenant"], loan))
    return known is not None and known.lender_id == lender


def mine(person: UUID, *, closed_too: bool = False) -> Select[Borrowed]:
    """A reader's loans in all branches: those that are open, or the kept history as well."""
    rows = select(Borrowed).where(Borrowed.person_id == person)
    return rows if closed_too else rows.where(Borrowed.returned_at.is_(None))


def due(after: datetime, until: datetime) -> Select[Borrowed]:
    """Open loans of our readers, in all branches, that are due in that time."""
    return select(Borrowed).where(
        Borrowed.returned_at.is_(None), Borrowed.due_at > after, Borrowed.due_at <= until
    )


async def forget_old(database: Database) -> None:
    """Drop what was returned long enough ago, unless its reader keeps a history."""

    async def work(session: AsyncSession, tenant: int) -> None:
        await session.execute(FORGET, {"window": await window(session, tenant)})

    await in_turn(database, work)
