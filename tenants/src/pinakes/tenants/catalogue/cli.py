"""Catalogues from the command line: the same path as over HTTP, beside the database."""

from collections.abc import Awaitable, Callable
from os import SEEK_END
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import click
import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.platform.command import OPERATOR, branch_option, json_option, show_json, work
from pinakes.platform.db import unit_of_work
from pinakes.platform.doors import Doors
from pinakes.platform.errors import known
from pinakes.platform.following import follow
from pinakes.platform.jobs import Job, JobState
from pinakes.platform.running import data_option
from pinakes.tenants.catalogue import service
from pinakes.tenants.catalogue.commands import COMMANDS, followed
from pinakes.tenants.catalogue.marc import Dialect
from pinakes.tenants.catalogue.report import Report, SheetReport, UndoReport, whole
from pinakes.tenants.catalogue.schemas import ImportWish, SheetWish
from pinakes.tenants.registry import placement
from pinakes.tenants.registry.service import found

DIALECTS = [dialect.value for dialect in Dialect]
type Start = Callable[[AsyncSession, UUID], Awaitable[Job]]


@click.group()
def catalogue() -> None:
    """Bring a branch's catalogue in."""


for command in COMMANDS:
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
    """Put the items of a table (CSV: barcode, control_number or isbn, …) into stock."""

    async def start(session: AsyncSession, upload: UUID) -> Job:
        return await service.start_sheet(session, SheetWish(upload, dry_run))

    end(work(data, lambda doors: brought(doors, file, branch, start)), SheetReport, as_json=as_json)


@catalogue.command("undo")
@click.argument("job", metavar="IMPORT", type=click.UUID)
@branch_option
@data_option
@json_option
def take_back(job: UUID, branch: str, data: Path, as_json: bool) -> None:
    """Take a whole IMPORT (its id) back, but for what was changed or lent since."""

    async def start(session: AsyncSession) -> Job:
        return await service.start_undo(session, job)

    end(work(data, lambda doors: followed(doors, branch, start)), UndoReport, as_json=as_json)


def end(job: Job, kind: type[Report | SheetReport | UndoReport], *, as_json: bool) -> None:
    """Show the report; an import that did not end well ends the command with its reason."""
    report = msgspec.convert(job.report, kind) if job.report else None
    if report and as_json:
        show_json(whole(report) | {"id": job.id})
    elif report:
        tell(report)
        click.echo(f"{'id':>12}  {job.id}")
    if job.state is not JobState.DONE:
        raise click.ClickException(why(job))


async def brought(doors: Doors, file: Path, branch: str, start: Start) -> Job:
    """Upload *file*, start what is to be done with it and follow that to its end."""
    tenant = (await found(doors.database, branch)).id
    id = service.fresh_id()
    async with unit_of_work(doors.database.app, tenant, OPERATOR) as session:
        files = await placement.store(session, doors.objects)
    with file.open("rb") as body:
        size = body.seek(0, SEEK_END)
        body.seek(0)
        await files.put(service.key_of_upload(id), body)
    async with unit_of_work(doors.database.app, tenant, OPERATOR) as session:
        await service.uploaded(session, id, file.name, size)
        job = await start(session, id)
    return await follow(doors.database, tenant, job.id, words)


def words(job: Job) -> str:
    read = (job.report or {}).get("read", 0)
    return f"{read:,} records"


def tell(report: Report | SheetReport | UndoReport) -> None:
    """The report in lines."""
    for name, told in whole(report).items():
        if isinstance(told, dict):
            counts = cast("dict[str, int]", told)
            shown = ", ".join(f"{what} {count:,}" for what, count in counts.items() if count)
            click.echo(f"{name:>12}  {shown or '-'}")
        elif name != "dry_run":
            click.echo(f"{name:>12}  {told:>9,}")


def why(job: Job) -> str:
    """Why the job did not end well, in words."""
    if job.state is JobState.CANCELLED:
        return "cancelled; what was brought in before stays, and a new import goes on from there"
    titles = {problem.code: problem.title for problem in known()}
    return f"{job.failure}: {titles.get(job.failure or '', 'see the log of the worker')}"
