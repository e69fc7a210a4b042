"""What a branch gives out, portion by portion: records in either packing, and its items."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from enum import StrEnum
from typing import Any, Protocol
from uuid import UUID

from msgspec import Struct, field
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.platform.spreadsheet import BOM, lines
from pinakes.tenants.catalogue.marc import Dialect
from pinakes.tenants.catalogue.marc.writing import (
    XML_HEAD,
    XML_TAIL,
    Written,
    as_iso2709,
    as_marcxml,
)
from pinakes.tenants.catalogue.models import Authority, CatalogueRecord, Quarantined
from pinakes.tenants.catalogue.ready import LIVE
from pinakes.tenants.items import listing
from pinakes.tenants.items.models import Item

AT_ONCE = 1000  # rows of one transaction
FEW = 20  # of those that may be large
COLUMNS = (
    "barcode", "control_number", "isbn", "call_number", "location", "copy", "kind", "status",
    "price", "title",
)  # fmt: skip
type Rows = Sequence[Any]
type Open = Callable[[], AbstractAsyncContextManager[AsyncSession]]
type Seen = Callable[[AsyncSession, int], Awaitable[object]]


class Form(StrEnum):
    """What a file holds: records in one of two packings, or items."""

    ISO2709 = "iso2709"
    MARCXML = "marcxml"
    ITEMS = "items"


class What(StrEnum):
    """Which records; ``aside`` are the pieces that imports set aside and nobody mended."""

    TITLES = "titles"
    AUTHORITIES = "authorities"
    ASIDE = "aside"


class ExportWish(Struct, forbid_unknown_fields=True):
    """What to give out.

    ISO 2709 keeps each record in the character set that it came in, unless ``unicode``;
    ``gone`` gives those too that were withdrawn, or deleted by their source. What was set aside
    goes out byte for byte, whatever the format.
    """

    format: Form = Form.ISO2709
    what: What = What.TITLES
    dialect: Dialect | None = None
    unicode: bool = False
    gone: bool = False


class Given(Struct):
    """What came out; ``troubles`` count records by what had to be done to them."""

    read: int = 0
    size: int = 0
    troubles: dict[str, int] = field(default_factory=dict[str, int])


class Source(Protocol):
    """A kind of rows, and how a file of them is written."""

    name: str
    kind: str
    head: bytes
    tail: bytes

    async def count(self, session: AsyncSession) -> int: ...

    async def after(self, session: AsyncSession, last: UUID) -> Rows:
        """The next rows behind the id *last*, in the order of their ids."""
        ...

    def written(self, rows: Rows, given: Given) -> bytes: ...


class Records:
    """Titles or headings."""

    def __init__(self, wish: ExportWish) -> None:
        self.wish = wish
        self.xml = wish.format is Form.MARCXML
        self.name = f"{wish.what}.{'xml' if self.xml else 'mrc'}"
        self.kind = "application/marcxml+xml" if self.xml else "application/marc"
        self.head, self.tail = (XML_HEAD, XML_TAIL) if self.xml else (b"", b"")
        self.table = Authority if wish.what is What.AUTHORITIES else CatalogueRecord

    async def count(self, session: AsyncSession) -> int:
        rows = select(func.count()).select_from(self.table).where(*self._where())
        return await session.scalar(rows) or 0

    async def after(self, session: AsyncSession, last: UUID) -> Rows:
        rows, id = select(*self.columns()), self.table.id
        wanted = rows.where(id > last, *self._where()).order_by(id).limit(AT_ONCE)
        return (await session.execute(wanted)).all()

    def columns(self) -> tuple[Any, ...]:
        """What is read of each."""
        table = self.table
        return table.id, table.dialect, table.encoding, table.raw

    def _where(self) -> list[Any]:
        wish, table = self.wish, self.table
        where: list[Any] = [] if wish.gone else [table.state == LIVE]
        if table is CatalogueRecord and not wish.gone:
            where.append(~CatalogueRecord.withdrawn)
        return [*where, table.dialect == wish.dialect] if wish.dialect else where

    def written(self, rows: Rows, given: Given) -> bytes:
        made: list[bytes] = []
        for row in rows:
            one = self.one(row)
            made.append(one.raw)
            if one.trouble:
                given.troubles[one.trouble] = given.troubles.get(one.trouble, 0) + 1
        return b"".join(made)

    def one(self, row: Any) -> Written:
        """A record's bytes."""
        if self.xml:
            return as_marcxml(row.raw, Dialect(row.dialect), row.encoding)
        kept = not self.wish.unicode
        return as_iso2709(row.raw, Dialect(row.dialect), row.encoding, kept=kept)


class Aside:
    """Pieces that no record could be made of, one behind the other."""

    name, kind, head, tail = "aside.bin", "application/octet-stream", b"", b""

    async def count(self, session: AsyncSession) -> int:
        rows = select(func.count()).select_from(Quarantined).where(Quarantined.mended_at.is_(None))
        return await session.scalar(rows) or 0

    async def after(self, session: AsyncSession, last: UUID) -> Rows:
        rows = select(Quarantined.id, Quarantined.raw).where(Quarantined.mended_at.is_(None))
        wanted = rows.where(Quarantined.id > last).order_by(Quarantined.id).limit(FEW)
        return (await session.execute(wanted)).all()

    def written(self, rows: Rows, given: Given) -> bytes:
        return b"".join([row.raw for row in rows])


class Items:
    """The copies on the shelves, with the titles that they are of."""

    name, kind, tail = "items.csv", "text/csv; charset=utf-8", b""
    head = BOM + lines([COLUMNS])

    async def count(self, session: AsyncSession) -> int:
        return await listing.counted(session)

    async def after(self, session: AsyncSession, last: UUID) -> Rows:
        copies = await listing.portion(session, last, AT_ONCE)
        row = CatalogueRecord
        told = select(row.id, row.control_number, row.isbn13, row.title_fields["title"].astext)
        found = await session.execute(told.where(row.id.in_({copy.record_id for copy in copies})))
        titles = {id: tuple(rest) for id, *rest in found}
        return [ShelvedCopy(copy.id, copy, *titles[copy.record_id]) for copy in copies]

    def written(self, rows: Rows, given: Given) -> bytes:
        return lines(line(row) for row in rows)


class ShelvedCopy(Struct):
    """A copy, and what tells its title."""

    id: UUID
    copy: Item
    control_number: str
    isbn: str
    title: str


def line(row: ShelvedCopy) -> Sequence[str]:
    """In the columns of COLUMNS, which an import of items understands."""
    copy = row.copy
    place = (copy.call_number, copy.location or "", copy.copy or "")
    rest = (copy.kind, copy.status.value, copy.price or "", row.title)
    return (copy.barcode, row.control_number, row.isbn, *place, *rest)


def source(wish: ExportWish) -> Source:
    """Where the rows of *wish* come from."""
    if wish.format is Form.ITEMS:
        return Items()
    return Aside() if wish.what is What.ASIDE else Records(wish)


async def portions(rows: Source, opened: Open, seen: Seen) -> AsyncIterator[tuple[bytes, Given]]:
    """A file's bytes, with what has been given so far.

    *opened* begins a transaction in the branch, one for each portion; *seen* is told in each how
    many rows there were until then.
    """
    given, last = Given(), UUID(int=0)
    yield rows.head, given
    while True:
        async with opened() as session:
            portion = await rows.after(session, last)
            given.read += len(portion)
            await seen(session, given.read)
        if not portion:
            yield rows.tail, given
            return
        yield await asyncio.to_thread(rows.written, portion, given), given
        last = portion[-1].id
