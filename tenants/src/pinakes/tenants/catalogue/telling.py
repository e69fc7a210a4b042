"""A report as a table: counts, then what did not come in, was updated or put right, by lines."""

from collections.abc import AsyncGenerator, Callable, Iterable, Iterator
from contextlib import AbstractAsyncContextManager
from typing import Any, cast
from uuid import UUID

from sqlalchemy import Select
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.platform.jobs import Job
from pinakes.platform.language import LANGUAGES, _, later, speaking
from pinakes.platform.spreadsheet import BOM, lines
from pinakes.tenants.catalogue import renewed, repaired
from pinakes.tenants.catalogue.marc import sentence
from pinakes.tenants.catalogue.marc.reasons import label
from pinakes.tenants.catalogue.models import ItemTrouble, Quarantined
from pinakes.tenants.catalogue.renewed import Renewed
from pinakes.tenants.catalogue.repaired import MOST, Repaired
from pinakes.tenants.catalogue.service import item_troubles, quarantined

COUNTS = (
    ("read", later("Read")),
    ("new", later("New")),
    ("updated", later("Updated")),
    ("unchanged", later("Unchanged")),
    ("quarantined", later("Set aside")),
)
BESIDE = (
    ("mended", later("Mended since")),
    ("discarded", later("Discarded since")),
    ("authorities", later("Headings among them")),
    ("deleted", later("Deleted by their source")),
    ("duplicates", later("Barcodes used twice")),
    ("refused", later("Refused")),
)
NAMES = dict(COUNTS + BESIDE)
COLUMNS = ("what", "code", "count", "record", "byte", "barcode", "known_as", "zh", "en")
AT_ONCE = 1000

type Opened = Callable[[], AbstractAsyncContextManager[AsyncSession]]
type Cells = tuple[str, ...]


async def table(opened: Opened, job: Job) -> AsyncGenerator[bytes]:
    """The whole report as CSV, some lines at a time, each portion in a transaction of its own."""
    yield BOM + lines([COLUMNS, *counts(job.report or {})])
    async for pieces in portions(opened, quarantined(job.id), Quarantined):
        yield lines(map(piece, pieces))
    async for copies in portions(opened, item_troubles(job.id), ItemTrouble):
        yield lines(map(copy, copies))
    async for rows in renewed.all_of(opened, job.id):
        yield lines(map(anew, rows))
    if (job.report or {}).get("repairs"):
        async for some in repaired.all_of(opened, job.id):
            yield lines(
                [too_many()] if some is None else (one for row in some for one in mended(row))
            )


async def portions[Row: (Quarantined, ItemTrouble)](
    opened: Opened, wanted: Select[Row], table: type[Row]
) -> AsyncGenerator[list[Row]]:
    """All rows in the order of their ids."""
    last = UUID(int=0)
    while True:
        async with opened() as session:
            some = wanted.where(table.id > last).order_by(table.id).limit(AT_ONCE)
            rows = list(await session.scalars(some))
        if not rows:
            return
        yield rows
        last = rows[-1].id


def counts(report: dict[str, Any], prefix: str = "") -> Iterator[Cells]:
    """A line for every number; those of the copies are named ``items.new`` and so on."""
    for name, told in report.items():
        if isinstance(told, dict):
            yield from counts(cast("dict[str, Any]", told), f"{prefix}{name}.")
        elif not isinstance(told, bool):
            code = prefix + name
            words = [said(name, language) for language in LANGUAGES]
            yield cells("count", code, count=told, words=words)


def said(name: str, language: str) -> str:
    """What is counted, in the words of the pages; a reason in a word or two."""
    with speaking(language):
        return _(NAMES[name]) if name in NAMES else label(name, language)


def piece(row: Quarantined) -> Cells:
    zh, en = (sentence(row.reason, row.facts, language) for language in ("zh", "en"))
    return cells(
        "quarantined", row.reason, record=row.ordinal, byte=row.byte_offset, words=(zh, en)
    )


def copy(row: ItemTrouble) -> Cells:
    words = label(row.reason, "zh"), label(row.reason, "en")
    return cells("item", row.reason, record=row.ordinal, barcode=row.barcode, words=words)


def anew(row: Renewed) -> Cells:
    """A line for a record or a copy that was here before, and says something else now."""
    words = [said("updated", language) for language in LANGUAGES]
    known_as = row.control_number or ("" if row.barcode else row.id)
    return cells("updated", row.kind, barcode=row.barcode, known_as=known_as, words=words)


def mended(row: Repaired) -> Iterator[Cells]:
    """A line for each thing that was put right in a record."""
    for code in row.repairs:
        words = label(code, "zh"), label(code, "en")
        yield cells("repaired", code, known_as=row.control_number or row.id, words=words)


def too_many() -> Cells:
    """What ends a list that does not go through to the end."""
    zh = f"此处只查看了前 {MOST:,} 条记录；其余见接口 imports/ID/repairs"
    en = f"Only the first {MOST:,} records are looked at here; the API goes on: imports/ID/repairs"
    return cells("repaired", "more", words=(zh, en))


def cells(what: str, code: str, *, words: Iterable[str], **told: object) -> Cells:
    """One line; what does not apply to it stays empty."""
    return (what, code, *(str(told.get(column, "")) for column in COLUMNS[2:7]), *words)
