"""Reading the public catalogue: which branches hold an edition, and how to show it."""

from collections.abc import Sequence
from uuid import UUID

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.federation.discovery.models import Edition, Holding
from pinakes.tenants.catalogue.marc import Title


class Held(msgspec.Struct, frozen=True):
    """What one branch has of an edition."""

    tenant: int
    record: UUID
    title: Title
    call_numbers: list[str]
    items: int
    available: int


class Whole(msgspec.Struct, frozen=True):
    """An edition with everybody's records of it, the oldest first."""

    id: UUID
    consortium: int
    held: list[Held]


async def editions(session: AsyncSession, ids: Sequence[UUID]) -> dict[UUID, Whole]:
    """Those of *ids* that anybody holds."""
    rows = await session.execute(
        select(Edition.id, Edition.consortium_id, Holding)
        .join(Holding, Holding.edition_id == Edition.id)
        .where(Edition.id.in_(ids))
        .order_by(Holding.record_id)
    )
    found: dict[UUID, Whole] = {}
    for id, consortium, holding in rows:
        found.setdefault(id, Whole(id, consortium, [])).held.append(held(holding))
    return found


def held(row: Holding) -> Held:
    return Held(
        row.tenant_id,
        row.record_id,
        msgspec.convert(row.title_fields, Title),
        row.call_numbers,
        row.items,
        row.available,
    )
