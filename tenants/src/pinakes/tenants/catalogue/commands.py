"""What else can be done with a catalogue from the command line: give it out, make it anew."""

from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any, cast

import click
import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.platform.command import OPERATOR, branch_option, json_option, show_json, work
from pinakes.platform.db import parting_work, unit_of_work
from pinakes.platform.doors import Doors
from pinakes.platform.following import follow, why
from pinakes.platform.jobs import Job, JobState
from pinakes.platform.running import data_option
from pinakes.platform.words import counted
from pinakes.tenants.catalogue import exporting, takeout
from pinakes.tenants.catalogue.archive import as_packed
from pinakes.tenants.catalogue.giving import ExportWish, Form, Given, What
from pinakes.tenants.catalogue.marc import Dialect
from pinakes.tenants.catalogue.models import CatalogueRecord
from pinakes.tenants.catalogue.rederiving import start_rederiving
from pinakes.tenants.catalogue.schemas import RecordView
from pinakes.tenants.catalogue.service import record_view, suppress
from pinakes.tenants.catalogue.withdrawing import numbered, withdraw
from pinakes.tenants.registry import placement
from pinakes.tenants.registry.inside import inside
from pinakes.tenants.registry.service import found

type Start = Callable[[AsyncSession], Awaitable[Job]]


@click.command("export")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@branch_option
@click.option("--format", type=click.Choice([form.value for form in Form]), default="iso2709")
@click.option("--what", type=click.Choice([what.value for what in What]), default="titles")
@click.option("--dialect", type=click.Choice([one.value for one in Dialect]), help="Only these.")
@click.option("--unicode", is_flag=True, help="ISO 2709 in UTF-8 whatever a record came in.")
@click.option("--gone", is_flag=True, help="Those too that were withdrawn or deleted.")
@data_option
@json_option
def give(file: Path, branch: str, data: Path, as_json: bool, **told: Any) -> None:
    """Write a branch's records (ISO 2709, MARCXML) or items (CSV) into FILE."""
    wish = msgspec.convert(told, ExportWish, strict=False)
    job = work(data, lambda doors: given(doors, file, branch, wish))
    if job.state is not JobState.DONE or job.report is None:
        raise click.ClickException(why(job))
    report = msgspec.convert(job.report, Given)
    if as_json:
        show_json(report)
        return
    click.echo(f"{report.read:,} written, {report.size:,} bytes")
    for trouble, count in report.troubles.items():
        click.echo(f"{trouble:>12}  {count:>9,}")


async def given(doors: Doors, file: Path, branch: str, wish: ExportWish) -> Job:
    """Start an export, follow it to its end, and fetch what it made."""
    return await fetched(doors, file, branch, partial(exporting.start_export, wish=wish))


async def fetched(doors: Doors, file: Path, branch: str, start: Start) -> Job:
    """Start what makes a file, follow it to its end, and fetch the file."""
    tenant = (await found(doors.database, branch)).id
    async with parting_work(doors.database.app, tenant, OPERATOR) as session:
        files = await placement.store(session, doors.objects)
        id = (await start(session)).id
    job = await follow(doors.database, tenant, id, words)
    if job.state is JobState.DONE:
        await kept(file, files.stream(exporting.key_of_export(id)))
    return job


async def kept(file: Path, pieces: AsyncIterator[bytes]) -> None:
    with file.open("wb") as body:
        async for piece in pieces:
            body.write(piece)


def words(job: Job) -> str:
    return counted(job.done, "records")


@click.command("takeout")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@branch_option
@data_option
@json_option
def take(file: Path, branch: str, data: Path, as_json: bool) -> None:
    """Write everything of a branch, active or leaving, into FILE (ZIP).

    Records and what hides them, copies, readers, decisions, loans, requests, settings; README.txt
    in it tells of each file. `catalogue takein` brings the catalogue in at another branch, `readers
    import` the readers.
    """
    job = work(data, lambda doors: fetched(doors, file, branch, takeout.start_takeout))
    if job.state is not JobState.DONE or job.report is None:
        raise click.ClickException(why(job))
    if as_json:
        show_json(job.report)
        return
    for name, packed in as_packed(file, job.report["files"]):
        click.echo(f"{packed['rows']:>12,}  {name}")


def runner(name: str, start: Start, words: str) -> click.Command:
    """A command that starts a job over the whole branch and follows it."""

    @branch_option
    @data_option
    @json_option
    def run(branch: str, data: Path, as_json: bool) -> None:
        finish(work(data, lambda doors: followed(doors, branch, start)), as_json=as_json)

    return click.command(name, help=words)(run)


async def followed(doors: Doors, branch: str, start: Start) -> Job:
    tenant = (await found(doors.database, branch)).id
    async with unit_of_work(doors.database.app, tenant, OPERATOR) as session:
        id = (await start(session)).id
    return await follow(doors.database, tenant, id, words)


def finish(job: Job, *, as_json: bool) -> None:
    """Show a report of counts, and of what it names a line for each."""
    if job.state is not JobState.DONE or job.report is None:
        raise click.ClickException(why(job))
    if as_json:
        show_json(job.report)
        return
    for name, told in job.report.items():
        if not isinstance(told, list):
            click.echo(f"{name:>12}  {told:>9,}")
            continue
        for one in cast("list[dict[str, Any]]", told):
            click.echo(f"{name:>12}  {'  '.join(map(str, one.values()))}")


def hider(
    name: str, verb: Callable[..., Awaitable[CatalogueRecord]], words: str, told: tuple[str, str]
) -> click.Command:
    """A command that takes one record away, or brings it back; *told* are what it has done then."""

    @click.argument("record")
    @click.option("--undo", is_flag=True, help="Bring it back.")
    @branch_option
    @data_option
    @json_option
    def run(record: str, undo: bool, branch: str, data: Path, as_json: bool) -> None:
        async def hide(session: AsyncSession) -> RecordView:
            return record_view(await verb(session, (await numbered(session, record)).id, not undo))

        view = inside(data, branch, hide)
        if as_json:
            show_json(view)
        else:
            known_as = view.control_number or view.id
            click.echo(f"{known_as}  {view.title.full or '-'}  {told[undo]}")

    return click.command(name, help=words)(run)


COMMANDS = (
    give,
    take,
    runner("rederive", start_rederiving, "Make anew what is indexed, out of the records."),
    hider(
        "suppress",
        suppress,
        "Hide a RECORD (id or control number) from the public.",
        ("hidden from readers", "no longer hidden"),
    ),
    hider(
        "withdraw",
        withdraw,
        "Take a RECORD (id or control number) without copies out of stock.",
        ("out of stock", "back in stock"),
    ),
)
