"""Books that were on their way home, and are missing until somebody finds them."""

from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.platform.audit import note
from pinakes.platform.messages import emit
from pinakes.tenants.circulation.elsewhere import own
from pinakes.tenants.items.events import ItemsChanged
from pinakes.tenants.items.machine import Status


async def never_came(session: AsyncSession, barcode: str) -> None:
    """A book of ours that is out, and on no request, is missing; any other stays as it is."""
    item = await own(session, barcode)
    if item is None or item.status != Status.OUT or item.request_id is not None:
        return
    item.status = Status.MISSING
    note(session, "item.miss", item.id)
    emit(session, ItemsChanged(about=item.record_id, records=[item.record_id]))
