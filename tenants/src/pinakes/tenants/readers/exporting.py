"""The readers of a branch as a table, in the columns that an import takes; never a PIN."""

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.platform.audit import note
from pinakes.tenants.readers.machine import CardState
from pinakes.tenants.readers.models import Card, Kind, Reader

COLUMNS = ("card", "name", "kind", "born", "contact", "old_barcodes", "expires")


async def exported(session: AsyncSession) -> list[Sequence[str]]:
    """One line for each reader whose home this is."""
    note(session, "readers.export")
    numbers: dict[object, list[str]] = {}
    cards = await session.execute(
        select(Card.person_id, Card.number)
        .where(Card.tenant_id == func.pinakes_tenant(), Card.state != CardState.REPLACED)
        .order_by(Card.old, Card.id)
    )
    for person, number in cards:
        numbers.setdefault(person, []).append(number)
    readers = await session.scalars(
        select(Reader).where(Reader.kind == Kind.HOME).order_by(Reader.id)
    )
    return [line(reader, numbers.get(reader.person_id, [""])) for reader in readers]


def line(reader: Reader, numbers: Sequence[str]) -> Sequence[str]:
    card, *old = numbers
    days = [day.isoformat() if day else "" for day in (reader.born, reader.until)]
    return (
        card,
        reader.name or "",
        reader.reader_kind,
        days[0],
        reader.contact or "",
        ";".join(old),
        days[1],
    )
