"""Books that readers give back at other branches: the loan ends there, they come home later."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.platform.audit import note
from pinakes.platform.messages import emit
from pinakes.tenants.circulation.events import LoanClosed
from pinakes.tenants.circulation.models import Loan
from pinakes.tenants.items import service as items
from pinakes.tenants.items.events import ItemsChanged
from pinakes.tenants.items.machine import Action, Status, move
from pinakes.tenants.items.models import Item
from pinakes.tenants.items.schemas import NewItem

TITLE = text("""
    SELECT title_fields ->> 'title' FROM record
    WHERE tenant_id = pinakes_tenant() AND id = :record
""")
CODE = text("SELECT code FROM commons.tenant WHERE id = :owner")


@dataclass(frozen=True, slots=True)
class Seen:
    """A book of ours that turned up elsewhere: for which request it was out, and its title."""

    item: Item
    request: UUID | None
    title: str | None
    closed: bool = False  # an ordinary loan has ended
    back: bool = False  # it has been at our desk since


async def own(session: AsyncSession, barcode: str) -> Item | None:
    """Our own item with this barcode; guests of other branches are none."""
    item = await borne(session, barcode)
    return item if item is not None and item.guest_of is None else None


async def borne(session: AsyncSession, barcode: str) -> Item | None:
    """What bears this barcode here, if anything does."""
    try:
        return await items.with_barcode(session, barcode)
    except items.NoSuchItem:
        return None


async def seen_elsewhere(
    session: AsyncSession, barcode: str, at: datetime, *, damaged: bool = False
) -> Seen | None:
    """End an ordinary loan as of the scan elsewhere; None when the book is none of ours.

    A book that is out for a request is left to the request.
    """
    item = await own(session, barcode)
    if item is None:
        return None
    loan = await session.scalar(
        select(Loan).where(Loan.item_id == item.id).order_by(Loan.id.desc()).limit(1)
    )
    title = loan.title if loan else await session.scalar(TITLE, {"record": item.record_id})
    if loan is None or loan.returned_at or loan.person_id is None or item.request_id:
        since = loan.returned_at if loan and item.status == Status.ON_SHELF else None
        return Seen(item, item.request_id, title, back=since is not None and since > at)
    if loan.lent_at > at:
        return Seen(item, None, title, back=True)
    loan.returned_at = returned_at = at
    item.status = move(item.status, Action.LEAVE)
    note(session, "loan.close", loan.id, result="damaged" if damaged else "returned elsewhere")
    event = LoanClosed(about=loan.person_id, loan=loan.id, returned_at=returned_at)
    emit(session, event, to=loan.home_id)
    return Seen(item, None, title, closed=True)


def give_away(session: AsyncSession, item: Item) -> None:
    """The branch where it was given back keeps it: it leaves our stock."""
    item.status = move(item.status, Action.SEND_ON)
    note(session, "item.float", item.id)
    emit(session, ItemsChanged(about=item.record_id, records=[item.record_id]))


async def take_over(session: AsyncSession, owner: int, book: NewItem) -> None:
    """What another branch gave away stands on our shelf, under our record of the title.

    Where a book of ours bears the same barcode, the owner's code stands before it.
    """
    record, barcode, kind, call_number = book.record, book.barcode, book.kind, book.call_number
    item = await borne(session, barcode)
    if item is not None and item.status != Status.WITHDRAWN and item.guest_of != owner:
        barcode = f"{await session.scalar(CODE, {'owner': owner})}/{barcode}"
        item = await borne(session, barcode)
    if item is None:
        await items.add(session, NewItem(record, barcode, kind, call_number))
        return
    item.record_id, item.kind, item.call_number = record, kind, call_number
    item.guest_of = item.request_id = item.held_for = item.back_by = None
    item.status = Status.ON_SHELF
    note(session, "item.float", item.id)
    emit(session, ItemsChanged(about=record, records=[record]))
