"""What can be done with loans: the hot commands, and the looks at what is lent."""

from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.platform.messages import Outbox
from pinakes.tenants.circulation.lending import checkout
from pinakes.tenants.circulation.models import Loan
from pinakes.tenants.circulation.renewing import NoSuchLoan, renew
from pinakes.tenants.circulation.returning import give_back

__all__ = ["checkout", "find", "give_back", "listed", "renew", "unsaid"]


def listed(person: UUID | None, barcode: str | None, *, closed_too: bool) -> Select[Loan]:
    """Loans of this branch: all, one reader's, or those of the item with this barcode."""
    rows = select(Loan)
    if person is not None:
        rows = rows.where(Loan.person_id == person)
    if barcode is not None:
        rows = rows.where(Loan.barcode == barcode)
    return rows if closed_too else rows.where(Loan.returned_at.is_(None))


async def find(session: AsyncSession, id: UUID) -> Loan:
    """The loan, or NoSuchLoan."""
    loan = await session.scalar(select(Loan).where(Loan.id == id))
    if loan is None:
        raise NoSuchLoan("Neither open nor closed: check the id and the branch.")
    return loan


async def unsaid(session: AsyncSession, person: UUID, home: int) -> int:
    """How many loans more the reader has than *home* has heard of from this branch."""
    waiting = (Outbox.receiver == home, Outbox.about == person, Outbox.state != "sent")
    opened, closed = (
        func.count().filter(Outbox.kind == kind) for kind in ("LoanOpened", "LoanClosed")
    )
    return await session.scalar(select(opened - closed).where(*waiting)) or 0
