"""All items of a branch, portion by portion."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.tenants.items.machine import Status
from pinakes.tenants.items.models import Item


async def portion(session: AsyncSession, behind: UUID, most: int) -> Sequence[Item]:
    """The next items behind the id *behind*, in the order of their ids."""
    rows = select(Item).where(Item.id > behind).order_by(Item.id).limit(most)
    return (await session.scalars(rows)).all()


async def records_of(session: AsyncSession, ids: Sequence[UUID]) -> dict[UUID, UUID]:
    """The record that each of these items is a copy of."""
    rows = await session.execute(select(Item.id, Item.record_id).where(Item.id.in_(ids)))
    return {row.id: row.record_id for row in rows}


async def counted(session: AsyncSession) -> int:
    """How many items there are."""
    return await session.scalar(select(func.count()).select_from(Item)) or 0


async def in_stock(session: AsyncSession, record: UUID) -> int:
    """How many copies of a record have not been withdrawn."""
    rows = select(func.count()).select_from(Item)
    kept = rows.where(Item.record_id == record, Item.status != Status.WITHDRAWN)
    return await session.scalar(kept) or 0
