"""Records out of stock for good: kept, given out on wish, shown to nobody."""

import re
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.platform.audit import note
from pinakes.platform.errors import Conflict
from pinakes.platform.messages import emit
from pinakes.tenants.catalogue.events import RecordsChanged
from pinakes.tenants.catalogue.models import CatalogueRecord
from pinakes.tenants.catalogue.service import NoSuchRecord, locked
from pinakes.tenants.items import listing

ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class ItemsLeft(Conflict):
    code = "items_left"
    title = "The record still has copies in stock"


class SeveralRecords(Conflict):
    code = "several_records"
    title = "Several records bear this control number"


def known_as(said: str) -> Select[CatalogueRecord]:
    """The record of this id, or those of this control number."""
    row = CatalogueRecord
    wanted = row.id == UUID(said) if ID.fullmatch(said) else row.control_number == said
    return select(row).where(wanted)


async def numbered(session: AsyncSession, said: str) -> CatalogueRecord:
    """The record of this id or control number.

    Raises:
        NoSuchRecord, SeveralRecords: it is none's, or that of several agencies' records.
    """
    found = (await session.scalars(known_as(said).limit(2))).all()
    if len(found) > 1:
        raise SeveralRecords("Name the record by its id.")
    if not found:
        raise NoSuchRecord("This branch has no record of this id or control number.")
    return found[0]


async def withdraw(session: AsyncSession, id: UUID, wish: bool) -> CatalogueRecord:
    """Take a record out of stock, or back in.

    Raises:
        NoSuchRecord: it is not this branch's.
        ItemsLeft: copies of it have not been withdrawn.
    """
    row = await locked(session, id)
    left = await listing.in_stock(session, id) if wish else 0
    if left:
        raise ItemsLeft("Withdraw its copies first, or put them under another record.", items=left)
    if row.withdrawn != wish:
        row.withdrawn = wish
        note(session, "catalogue.withdraw" if wish else "catalogue.restore", id)
        emit(session, RecordsChanged(about=id, records=[id]))
        await session.flush()
    return row
