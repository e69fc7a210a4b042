"""Books that are called back before they are due, because others wait for them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import and_, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.platform.audit import note
from pinakes.platform.messages import emit
from pinakes.tenants.circulation.events import LoanRecalled
from pinakes.tenants.circulation.models import Loan
from pinakes.tenants.items.machine import Status
from pinakes.tenants.items.models import Item


@dataclass(frozen=True, slots=True)
class Away:
    """An item of ours that is lent, or out for a request; ``back_by``: called back already."""

    item: Item
    loan: Loan | None

    @property
    def called(self) -> bool:
        return self.item.back_by is not None


async def away(session: AsyncSession, records: Sequence[UUID]) -> list[Away]:
    """What is not here of these records, whatever has been kept longest first."""
    rows = await session.execute(
        select(Item, Loan)
        .outerjoin(Loan, and_(Loan.item_id == Item.id, Loan.returned_at.is_(None)))
        .where(
            Item.record_id.in_(records),
            Item.guest_of.is_(None),
            Item.status.in_([Status.LENT, Status.OUT]),
        )
        .order_by(func.coalesce(Loan.lent_at, Item.created_at), Item.id)
    )
    return [Away(item, loan) for item, loan in rows]


def call_back(session: AsyncSession, item: Item, loan: Loan, due: datetime) -> None:
    """The reader is to bring it by then, if not before; no renewal goes beyond."""
    item.back_by = due
    if loan.person_id is None or due >= loan.due_at:
        return
    loan.due_at = due
    note(session, "loan.recall", loan.id)
    event = LoanRecalled(about=loan.person_id, loan=loan.id, title=loan.title, due_at=due)
    emit(session, event, to=loan.home_id)
