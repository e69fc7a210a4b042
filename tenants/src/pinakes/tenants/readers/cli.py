"""Readers from the command line: the same path as over HTTP, beside the database."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

import click
import msgspec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from pinakes.platform.db import public_work, unit_of_work
from pinakes.platform.jobs import OPEN, Job, JobState, found
from pinakes.platform.running import data_option
from pinakes.tenants.readers import importing, table
from pinakes.tenants.readers.schemas import LineView
from pinakes.tenants.registry.cli import OPERATOR, json_option, show_json, work
from pinakes.tenants.registry.doors import Doors
from pinakes.tenants.registry.service import coded

LOOK = 0.25  # seconds between two looks at the job


@click.group()
def readers() -> None:
    """Bring a branch's readers in."""


@readers.command("import")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--branch", required=True, help="Code of the readers' home.")
@click.option("--dry-run", is_flag=True, help="Tell what would happen, change nothing.")
@data_option
@json_option
def bring(file: Path, branch: str, *, dry_run: bool, data: Path, as_json: bool) -> None:
    """Bring a CSV of readers and cards into a branch, and tell of every refused line.

    The first line names its columns, in English: card, name, kind, born, contact, pin,
    old_barcodes, expires; or in Chinese: 读者证号, 姓名, 读者类型, 出生日期, 联系方式,
    密码, 旧条码, 有效期. A line needs a name, and a card or an old barcode.
    """
    content = file.read_bytes()
    job, told = work(data, lambda doors: brought(doors, branch, content, dry_run=dry_run))
    report = {**(job.report or {}), "state": job.state, "told": msgspec.to_builtins(told)}
    if as_json:
        show_json(report)
    else:
        tell(job, told)
    if job.state is not JobState.DONE:
        raise click.ClickException(f"the import is {job.state}: {job.failure or 'see the worker'}")


async def brought(
    doors: Doors, branch: str, file: bytes, *, dry_run: bool
) -> tuple[Job, list[LineView]]:
    """Stage the lines of *file*, follow the job to its end, and fetch what became of them."""
    lines = table.read(file)
    async with public_work(doors.database.app) as session:
        tenant = (await coded(session, branch)).id
    async with unit_of_work(doors.database.app, tenant, OPERATOR) as session:
        job = await importing.stage(session, lines, dry_run=dry_run)
    job = await follow(doors, tenant, job.id)
    async with unit_of_work(doors.database.app, tenant, OPERATOR) as session:
        return job, await importing.lines_of(session, job.id, 0, table.MOST)


async def follow(doors: Doors, tenant: int, id: UUID) -> Job:
    """Show how far the job is, until it ends."""
    columns = (TextColumn("readers"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        bar = progress.add_task("", total=None)
        while True:
            async with unit_of_work(doors.database.app, tenant, OPERATOR) as session:
                job = await found(session, id)
            progress.update(bar, completed=job.done, total=job.total)
            if job.state not in OPEN:
                return job
            await asyncio.sleep(LOOK)


def tell(job: Job, told: Sequence[LineView]) -> None:
    """Every refused line, then the counts."""
    for line in told:
        if line.outcome == "refused":
            click.echo(f"{line.line:>7}  {line.code}  {line.zh}  {line.en}")
    counts = job.report or {}
    for name in ("lines", "created", "updated", "unchanged", "refused"):
        click.echo(f"{name:>10} {counts.get(name, 0):>9,}")
