"""Catalogues from the command line: the same path as over HTTP, beside the database."""

from collections.abc import Awaitable, Callable, Iterator
from os import SEEK_END
from pathlib import Path
from typing import Any
from uuid import UUID

import click
import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.platform.belongings import Brought
from pinakes.platform.command import OPERATOR, branch_option, json_option, show_json, work
from pinakes.platform.db import unit_of_work
from pinakes.platform.doors import Doors
from pinakes.platform.following import follow, why
from pinakes.platform.jobs import Job, JobState
from pinakes.platform.running import data_option
from pinakes.platform.words import counted
from pinakes.tenants.catalogue import keeping, service
from pinakes.tenants.catalogue.archive import as_packed
from pinakes.tenants.catalogue.commands import COMMANDS, followed
from pinakes.tenants.catalogue.duplicate_commands import duplicates
from pinakes.tenants.catalogue.marc import Dialect
from pinakes.tenants.catalogue.models import Kept
from pinakes.tenants.catalogue.quarantine_commands import quarantine
from pinakes.tenants.catalogue.report import Report, SheetReport, UndoReport, whole
from pinakes.tenants.catalogue.report_commands import imports, report, tell
from pinakes.tenants.catalogue.schemas import ImportWish, KeptView, SheetWish, TakeinWish
from pinakes.tenants.catalogue.takein import start_takein
from pinakes.tenants.registry import placement
from pinakes.tenants.registry.service import found

SHOWN = 50  # of what an undo left
STOPPED = "cancelled; what was brought in before stays, and a new import goes on from there"
DIALECTS = [dialect.value for dialect in Dialect]
type Start = Callable[[AsyncSession, UUID], Awaitable[Job]]


@click.group()
def catalogue() -> None:
    """Bring a branch's catalogue in."""


for command in (*COMMANDS, imports, report, quarantine, duplicates):
    catalogue.add_command(command)


@catalogue.command("import")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@branch_option
@click.option("--dialect", type=click.Choice(DIALECTS), help="Instead of a look at each record.")
@click.option("--encoding", help="The character set of whatever is not Unicode.")
@click.option("--items", help="The table that items are read by.")
@click.option("--dry-run", is_flag=True, help="Tell what would happen, change nothing.")
@data_option
@json_option
def bring(file: Path, branch: str, data: Path, as_json: bool, **told: Any) -> None:
    """Bring a file of MARC (ISO 2709 or MARCXML, packed or not) into a branch."""

    async def start(session: AsyncSession, upload: UUID) -> Job:
        wish = msgspec.convert({**told, "upload": upload}, ImportWish)
        return await service.start_import(session, wish)

    end(work(data, lambda doors: brought(doors, file, branch, start)), Report, as_json=as_json)


@catalogue.command("items")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@branch_option
@click.option("--dry-run", is_flag=True, help="Tell what would happen, change nothing.")
@data_option
@json_option
def shelve(file: Path, branch: str, dry_run: bool, data: Path, as_json: bool) -> None:
    """Put the items of a table (CSV) into stock.

    The first line names the columns, in either language; then come the copies, one in a line.

    \b
      barcode, 条码号          required
      control_number, 控制号   of the title: this or the ISBN is required
      isbn                     of the title, in any form
      call_number, 索书号
      location, 馆藏地
      copy, 复本号
      kind, 类型               book, audio … as the loan rules have it
      status, 状态             on_shelf when nothing is said
      price, 价格

    Comma, semicolon or tab, in UTF-8, UTF-16 or GB18030. `catalogue export --format items` writes
    such a table.
    """  # noqa: D301  (click keeps the lines behind this sign)

    async def start(session: AsyncSession, upload: UUID) -> Job:
        return await service.start_sheet(session, SheetWish(upload, dry_run))

    end(work(data, lambda doors: brought(doors, file, branch, start)), SheetReport, as_json=as_json)


@catalogue.command("takein")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@branch_option
@data_option
@json_option
def take_in(file: Path, branch: str, data: Path, as_json: bool) -> None:
    """Bring in what another branch has taken along: FILE is the ZIP of `catalogue takeout`.

    Records, copies and what people have decided about them come in; a second time changes nothing.
    What is left out, or came in otherwise than it was, is counted and named, with its reason.
    Readers come in by `readers import`, out of the readers.csv in the ZIP.
    """

    async def start(session: AsyncSession, upload: UUID) -> Job:
        return await start_takein(session, TakeinWish(upload))

    job = work(data, lambda doors: brought(doors, file, branch, start))
    if job.state is not JobState.DONE or job.report is None:
        raise click.ClickException(why(job))
    if as_json:
        show_json(job.report)
        return
    for name, told in as_packed(file, job.report["files"]):
        click.echo("\n".join(taken_in(name, msgspec.convert(told, Brought))))


def taken_in(name: str, done: Brought) -> Iterator[str]:
    """What became of a file of an archive, in lines."""
    counts = {one: getattr(done, one) for one in ("read", "new", "updated", "unchanged")}
    counts["left"] = sum(done.left.values())
    shown = ", ".join(f"{what} {count:,}" for what, count in counts.items() if count)
    yield f"{name:>18}  {shown or '-'}"
    for words, reasons in (("left out", done.left), ("in otherwise", done.otherwise)):
        for reason, count in reasons.items():
            named = done.which[reason]
            more = " …" if count > len(named) else ""
            yield f"{words:>18}  {reason} {count:,}: {', '.join(named)}{more}"


@catalogue.command("undo")
@click.argument("job", metavar="IMPORT", type=click.UUID)
@branch_option
@data_option
@json_option
def take_back(job: UUID, branch: str, data: Path, as_json: bool) -> None:
    """Take a whole IMPORT (its id) back, but for what was changed or lent since."""

    async def start(session: AsyncSession) -> Job:
        return await service.start_undo(session, job)

    async def undone(doors: Doors) -> tuple[Job, list[KeptView]]:
        ended = await followed(doors, branch, start)
        return ended, await left(doors, branch, ended.id)

    ended, stayed = work(data, undone)
    if not as_json:
        tell_of(stayed)
    end(ended, UndoReport, as_json=as_json)


async def left(doors: Doors, branch: str, undo: UUID) -> list[KeptView]:
    """The first things that an undo left as they are."""
    tenant = (await found(doors.database, branch)).id
    async with unit_of_work(doors.database.app, tenant, OPERATOR) as session:
        rows = service.kept(undo).order_by(Kept.id).limit(SHOWN)
        return await keeping.views(session, (await session.scalars(rows)).all())


def tell_of(stayed: list[KeptView]) -> None:
    """A line for each thing that is still here, with its title and the reason."""
    for one in stayed:
        click.echo(f"{one.kind:>12}  {one.known_as or '-'}  {one.title}  {one.en} / {one.zh}")
    if len(stayed) == SHOWN:
        click.echo(f"{'…':>12}  the first {SHOWN}; the page of the import lists them all")


def end(job: Job, kind: type[Report | SheetReport | UndoReport], *, as_json: bool) -> None:
    """Show the report; an import that did not end well ends the command with its reason."""
    told = whole(msgspec.convert(job.report, kind)) if job.report else None
    if told and as_json:
        show_json(told | {"id": job.id})
    elif told:
        tell(told)
        click.echo(f"{'id':>12}  {job.id}")
    if job.state is not JobState.DONE:
        raise click.ClickException(STOPPED if job.state is JobState.CANCELLED else why(job))


async def brought(doors: Doors, file: Path, branch: str, start: Start) -> Job:
    """Upload *file*, start what is to be done with it and follow that to its end."""
    tenant = (await found(doors.database, branch)).id
    with file.open("rb") as body:
        size = body.seek(0, SEEK_END)
        body.seek(0)
        async with unit_of_work(doors.database.app, tenant, OPERATOR) as session:
            files = await placement.store(session, doors.objects)
            id = await service.uploaded(session, file.name, size)
        await files.put(service.key_of_upload(id), body)
    async with unit_of_work(doors.database.app, tenant, OPERATOR) as session:
        job = await start(session, id)
    return await follow(doors.database, tenant, job.id, words)


def words(job: Job) -> str:
    read = (job.report or {}).get("read", 0)
    return counted(read, "records")
