"""What a home branch does with the news of its readers' loans."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Interval, Select, Uuid, bindparam, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.federation.loans.models import Borrowed
from pinakes.platform.db import Database
from pinakes.platform.turns import in_turn
from pinakes.tenants.circulation.events import LoanClosed, LoanOpened, LoanRecalled, LoanRenewed
from pinakes.tenants.circulation.history import window
from pinakes.tenants.readers.standing import ReaderUnknown

COUNT = text("SELECT loans_counted(:person)").bindparams(bindparam("person", type_=Uuid()))
FORGET = text("""
    DELETE FROM borrowed b WHERE returned_at < now() - :window AND NOT EXISTS
        (SELECT FROM standing s WHERE s.person_id = b.person_id AND s.keep_history)
""").bindparams(bindparam("window", type_=Interval()))


async def borrow(session: AsyncSession, event: LoanOpened, *, lender: int, as_of: datetime) -> None:
    """Write a loan down, and count the reader's loans again."""
    row = insert(Borrowed).values(
        id=event.loan,
        lender_id=lender,
        person_id=event.about,
        barcode=event.barcode,
        title=event.title,
        lent_at=event.lent_at,
        due_at=event.due_at,
        renewals=0,
        as_of=as_of,
    )
    await session.execute(row.on_conflict_do_nothing())
    await count_again(session, event.about)


async def prolong(
    session: AsyncSession, event: LoanRenewed, *, lender: int, as_of: datetime
) -> None:
    """Write down until when a loan lasts now."""
    news = {"due_at": event.due_at, "renewals": event.renewals, "as_of": as_of}
    await tell(session, event.loan, lender, **news)


async def shorten(
    session: AsyncSession, event: LoanRecalled, *, lender: int, as_of: datetime
) -> None:
    """Write down by when a loan that is called back has to end."""
    await tell(session, event.loan, lender, due_at=event.due_at, as_of=as_of)


async def close(session: AsyncSession, event: LoanClosed, *, lender: int, as_of: datetime) -> None:
    """Write down that a loan is over, and count the reader's loans again."""
    news = {"returned_at": event.returned_at, "outcome": event.outcome, "as_of": as_of}
    await tell(session, event.loan, lender, **news)
    await count_again(session, event.about)


async def tell(session: AsyncSession, loan: UUID, lender: int, **news: Any) -> None:
    """Nobody but its lender has news of a loan."""
    mine = (Borrowed.id == loan, Borrowed.lender_id == lender)
    await session.execute(update(Borrowed).where(*mine).values(**news))


async def count_again(session: AsyncSession, person: UUID) -> None:
    """Let lending branches know how many loans the reader has left."""
    if not await session.scalar(COUNT, {"person": person}):
        raise ReaderUnknown("Nobody here has this person's home.")


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
