"""A table of items: each line a copy of a title that the catalogue has."""

from collections.abc import Sequence
from contextlib import aclosing, nullcontext
from itertools import batched, islice
from tempfile import TemporaryFile
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.platform.jobs import Run
from pinakes.tenants.catalogue.batches import RECORDS
from pinakes.tenants.catalogue.jobs import ahead, fetch, uploaded
from pinakes.tenants.catalogue.marc.sheet import Line, lines
from pinakes.tenants.catalogue.models import CatalogueRecord, ItemTrouble
from pinakes.tenants.catalogue.report import SheetReport, whole
from pinakes.tenants.catalogue.schemas import SheetWish
from pinakes.tenants.catalogue.stock import Copy, stock, trouble
from pinakes.tenants.catalogue.trying import forget, tried


async def run_sheet(run: Run) -> dict[str, Any]:
    """Put the copies of the table into stock; after a crash it goes on behind the last portion."""
    wish = msgspec.convert(run.args, SheetWish, strict=False)
    fresh = SheetReport(dry_run=wish.dry_run)
    report = msgspec.convert(run.report, SheetReport) if run.report else fresh
    size, pieces = await uploaded(run, wish.upload)
    with TemporaryFile() as file:
        await fetch(pieces, file)
        file.seek(0)
        rest = islice(lines(file), report.read, None)
        async with aclosing(ahead(batched(rest, RECORDS))) as ready:
            async for portion in ready:
                place = file.tell(), size
                await write(run, portion, report, place)
    if report.dry_run:
        async with run.work() as session:
            await forget(session, run.id)
    return whole(report)


async def write(
    run: Run, portion: Sequence[Line], report: SheetReport, place: tuple[int, int]
) -> None:
    """Write one portion and how far we are, both or neither; a dry run takes it back.

    The *place* is in the file, in bytes, and behind it the file's size.
    """
    async with run.work() as session:
        copies = (line.item for line in portion)
        async with tried(session, run.id, (), copies) if report.dry_run else nullcontext():
            troubles = await shelve(session, portion, report, run.id)
        session.add_all(troubles)
        done, total = place
        await run.step(session, done, total=total, report=whole(report))


async def shelve(
    session: AsyncSession, portion: Sequence[Line], report: SheetReport, job: UUID
) -> list[ItemTrouble]:
    """Copies of titles that are known into stock; the other lines are told of."""
    numbers = await records(session, "control_number", {line.control_number for line in portion})
    isbns = await records(session, "isbn13", {line.isbn for line in portion})
    copies: list[Copy] = []
    troubles: list[ItemTrouble] = []
    for line in portion:
        found = numbers.get(line.control_number) or isbns.get(line.isbn) or []
        reason = line.reason or {0: "no_such_record", 1: ""}.get(len(found), "several_records")
        if reason:
            report.read += 1
            report.refused += 1
            report.reasons[reason] = report.reasons.get(reason, 0) + 1
            troubles.append(trouble(job, line.number, line.item.barcode, reason))
        else:
            copies.append(Copy(found[0], line.number, "", line.item))
    return troubles + await stock(session, copies, report, job)


async def records(
    session: AsyncSession, column: str, values: set[str]
) -> dict[str, Sequence[UUID]]:
    """The titles that say each of *values* in this column."""
    said = getattr(CatalogueRecord, column)
    ids = func.array_agg(CatalogueRecord.id)
    wanted = said.in_(values - {""})
    rows = await session.execute(select(said, ids).where(wanted).group_by(said))
    return {row[0]: row[1] for row in rows}
