"""All copies of one record put under another."""

from uuid import UUID

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.platform.messages import emit
from pinakes.tenants.items.events import ItemsChanged
from pinakes.tenants.items.models import Item


async def rehome(session: AsyncSession, old: UUID, new: UUID) -> int:
    """Put every copy of *old* under *new*; how many there were. They keep barcode and status."""
    moved = await session.scalars(
        update(Item)
        .where(Item.record_id == old)
        .values(record_id=new, version=Item.version + 1)
        .returning(Item.id)
        .execution_options(synchronize_session=False)
    )
    count = len(moved.all())
    if count:
        emit(session, ItemsChanged(about=old, records=[old, new]))
    return count
