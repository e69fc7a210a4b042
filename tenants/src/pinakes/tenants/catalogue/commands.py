"""What else can be done with a catalogue from the command line: give it out, make it anew."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import click
import msgspec

from pinakes.platform.command import OPERATOR, json_option, show_json, work
from pinakes.platform.db import public_work, unit_of_work
from pinakes.platform.doors import Doors
from pinakes.platform.following import follow
from pinakes.platform.jobs import Job, JobState
from pinakes.platform.running import data_option
from pinakes.tenants.catalogue import exporting
from pinakes.tenants.catalogue.giving import ExportWish, Form, Given, What
from pinakes.tenants.catalogue.marc import Dialect
from pinakes.tenants.registry import placement
from pinakes.tenants.registry.service import coded

branch_option = click.option("--branch", required=True, help="Code of the branch.")


@click.command("export")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@branch_option
@click.option("--format", type=click.Choice([form.value for form in Form]), default=Form.ISO2709)
@click.option("--what", type=click.Choice([what.value for what in What]), default=What.TITLES)
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
        raise click.ClickException(job.failure or job.state)
    report = msgspec.convert(job.report, Given)
    if as_json:
        show_json(report)
        return
    click.echo(f"{report.read:,} written, {report.size:,} bytes")
    for trouble, count in report.troubles.items():
        click.echo(f"{trouble:>12}  {count:>9,}")


async def given(doors: Doors, file: Path, branch: str, wish: ExportWish) -> Job:
    """Start an export, follow it to its end, and fetch what it made."""
    tenant = await number(doors, branch)
    async with unit_of_work(doors.database.app, tenant, OPERATOR) as session:
        files = await placement.store(session, doors.objects)
        id = (await exporting.start_export(session, wish)).id
    job = await follow(doors.database, tenant, id, words)
    if job.state is JobState.DONE:
        await kept(file, files.stream(exporting.key_of_export(id)))
    return job


async def number(doors: Doors, branch: str) -> int:
    """Who has this code."""
    async with public_work(doors.database.app) as session:
        return (await coded(session, branch)).id


async def kept(file: Path, pieces: AsyncIterator[bytes]) -> None:
    with file.open("wb") as body:
        async for piece in pieces:
            body.write(piece)


def words(job: Job) -> str:
    return f"{job.done:,} records"
