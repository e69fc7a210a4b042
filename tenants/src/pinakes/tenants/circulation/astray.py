"""Books that were on their way home, and are missing until somebody finds them."""

from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.platform.audit import note
from pinakes.platform.messages import emit
from pinakes.tenants.circulation.elsewhere import own
from pinakes.tenants.items.events import ItemsChanged
from pinakes.tenants.items.machine import Action, Status, move
from pinakes.tenants.items.models import Item


async def never_came(session: AsyncSession, barcode: str) -> None:
    """A book of ours that is out, and on no request, is missing; any other stays as it is."""
    item = await own(session, barcode)
    if item is None or item.status != Status.OUT or item.request_id is not None:
        return
    item.status = Status.MISSING
    _noted(session, item, "item.miss")


def found_again(session: AsyncSession, item: Item) -> None:
    """It stands on the shelf again."""
    item.status = move(item.status, Action.SHELVE)
    _noted(session, item, "item.shelve")


def _noted(session: AsyncSession, item: Item, operation: str) -> None:
    note(session, operation, item.id)
    emit(session, ItemsChanged(about=item.record_id, records=[item.record_id]))
