"""Reading the public catalogue: which branches hold an edition, and how to show it."""

from collections.abc import Sequence
from uuid import UUID

import msgspec
from sqlalchemy import Text, cast, select
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


TITLE = msgspec.json.Decoder(Title)
EDITIONS = (
    select(
        Edition.id,
        Edition.consortium_id,
        Holding.tenant_id,
        Holding.record_id,
        cast(Holding.title_fields, Text),
        Holding.call_numbers,
        Holding.items,
        Holding.available,
    )
    .join(Holding, Holding.edition_id == Edition.id)
    .order_by(Holding.record_id)
)


async def editions(session: AsyncSession, ids: Sequence[UUID]) -> dict[UUID, Whole]:
    """Those of *ids* that anybody holds."""
    found: dict[UUID, Whole] = {}
    rows = await session.execute(EDITIONS.where(Edition.id.in_(ids)))
    for id, consortium, tenant, record, fields, numbers, items, available in rows:
        title = TITLE.decode(fields)
        whole = found.setdefault(id, Whole(id, consortium, []))
        whole.held.append(Held(tenant, record, title, numbers, items, available))
    return found
