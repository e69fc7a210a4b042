"""What an undo left as it is, so that a person knows it: which title, and why, in words."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.tenants.catalogue.marc.reasons import label
from pinakes.tenants.catalogue.models import Kept
from pinakes.tenants.catalogue.schemas import KeptView
from pinakes.tenants.catalogue.service import titles_of
from pinakes.tenants.items import listing


async def views(session: AsyncSession, rows: Sequence[Kept]) -> list[KeptView]:
    """Each with the title that it is, or is a copy of; a heading has none."""
    records = {row.id: row.row_id for row in rows if row.kind == "record"}
    copies = {row.id: row.row_id for row in rows if row.kind == "item"}
    of_items = await listing.records_of(session, list(copies.values()))
    records |= {id: of_items[item] for id, item in copies.items() if item in of_items}
    titles = await titles_of(session, set(records.values()))
    told = {id: titles.get(record, "") for id, record in records.items()}
    return [view(row, told.get(row.id, "")) for row in rows]


def view(row: Kept, title: str) -> KeptView:
    return KeptView(
        id=row.id,
        kind=row.kind,
        row=row.row_id,
        known_as=row.known_as,
        title=title,
        reason=row.reason,
        zh=label(row.reason, "zh"),
        en=label(row.reason, "en"),
    )
