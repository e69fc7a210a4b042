"""What a branch has taken along of its catalogue, brought in at another one as it was."""

import asyncio
from collections.abc import Iterator, Sequence
from itertools import islice
from tempfile import TemporaryFile
from typing import Any
from zipfile import ZipFile

import msgspec
from msgspec import Struct, field
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.platform.belongings import Belonging, Bring, Brought, Line
from pinakes.platform.jobs import Job, Run
from pinakes.tenants.catalogue.archive import NoTakeout, digest, opened, portions, rows_of
from pinakes.tenants.catalogue.calm import resting
from pinakes.tenants.catalogue.duplicates import start_later
from pinakes.tenants.catalogue.jobs import fetch, uploaded
from pinakes.tenants.catalogue.restoring import Came, bring_records
from pinakes.tenants.catalogue.schemas import TakeinWish
from pinakes.tenants.catalogue.service import begin
from pinakes.tenants.catalogue.takeout import Manifest

TAKEIN = "catalogue.takein"
RECORDS = ("titles.jsonl", "authorities.jsonl")


class TakeinReport(Struct):
    """What became of the lines of each file, and of how many it is told."""

    read: int = 0
    files: dict[str, Brought] = field(default_factory=dict[str, Brought])


async def start_takein(session: AsyncSession, wish: TakeinWish) -> Job:
    """Queue it, or NoSuchUpload."""
    return await begin(session, TAKEIN, wish)


async def run_takein(run: Run, belongings: Sequence[Belonging]) -> dict[str, Any]:
    """Bring the archive in, portion by portion; after a crash it goes on behind the last one.

    Raises:
        NoTakeout: it is no archive of ours, or not whole; nothing has come in then.
    """
    report = msgspec.convert(run.report or {}, TakeinReport)
    wish = msgspec.convert(run.args, TakeinWish, strict=False)
    files, (_, pieces) = coming(belongings), await uploaded(run, wish.upload)
    with TemporaryFile() as file:
        await fetch(pieces, file)
        archive, manifest = await asyncio.to_thread(opened, file, dict(files))
        await unharmed(run, archive, manifest, report.read)
        total = sum(one.rows for name, one in manifest.files.items() if name in dict(files))
        for name, bring in files:
            seen = report.files.setdefault(name, Brought())
            lines = islice(rows_of(archive, name), seen.read, None)
            await each(run, report, total, seen, portions(lines), bring)
    async with run.work() as session:
        await start_later(session)
    return told(report)


async def unharmed(run: Run, archive: ZipFile, manifest: Manifest, done: int) -> None:
    """Read every file once, as long as nobody cancels that; NoTakeout if one has changed."""
    for name, one in manifest.files.items():
        if await asyncio.to_thread(digest, archive, name, lambda: run.cancelled) != one.sha256:
            raise NoTakeout(f"{name} is not as it was packed. Fetch the archive again.")
        async with run.work() as session:
            await run.step(session, done)


def coming(belongings: Sequence[Belonging]) -> list[tuple[str, Bring[Any]]]:
    """The files that are brought in, in their order: what others name comes before them."""
    records = [(name, Bring(Came, bring_records)) for name in RECORDS]
    return [*records, *((one.name, one.bring) for one in belongings if one.bring)]


async def each(
    run: Run,
    report: TakeinReport,
    total: int,
    seen: Brought,
    rows: Iterator[list[Line]],
    bring: Bring[Any],
) -> None:
    """One file: each portion and how far we are, both or neither."""
    while portion := await asyncio.to_thread(next, rows, None):
        try:
            lines = bring.read(portion)
        except msgspec.ValidationError as error:
            raise NoTakeout("A line of it is none that `catalogue takeout` writes.") from error
        async with resting(), run.work() as session:
            brought = await bring.verb(session, run.id, lines)
            report.read += brought.read
            seen.add(brought)
            await run.step(session, report.read, total=total, report=told(report))


def told(report: TakeinReport) -> dict[str, Any]:
    """As it is kept with the job."""
    plain: dict[str, Any] = msgspec.to_builtins(report)
    return plain
