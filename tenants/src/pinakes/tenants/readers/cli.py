"""Readers from the command line: the same path as over HTTP, beside the database."""

from collections.abc import Sequence
from pathlib import Path

import click
import msgspec

from pinakes.platform.command import OPERATOR, branch_option, json_option, show_json, work
from pinakes.platform.db import unit_of_work
from pinakes.platform.doors import Doors
from pinakes.platform.following import follow, why
from pinakes.platform.jobs import Job, JobState
from pinakes.platform.running import data_option
from pinakes.platform.words import counted
from pinakes.tenants.readers import importing, table
from pinakes.tenants.readers.schemas import LineView
from pinakes.tenants.registry.service import found


@click.group()
def readers() -> None:
    """Bring a branch's readers in."""


@readers.command("import")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@branch_option
@click.option("--dry-run", is_flag=True, help="Tell what would happen, change nothing.")
@data_option
@json_option
@click.pass_context
def bring(
    ctx: click.Context, file: Path, branch: str, *, dry_run: bool, data: Path, as_json: bool
) -> None:
    """Bring a CSV of readers and cards into a branch, and tell of every refused line.

    The first line names its columns, in English: card, name, kind, born, contact, pin,
    old_barcodes, expires; or in Chinese: 读者证号, 姓名, 读者类型, 出生日期, 联系方式,
    密码, 旧条码, 有效期. A line needs a name, and a card or an old barcode. Ends with 1
    when a line was refused: the report says which, and why.
    """
    content = file.read_bytes()
    job, told = work(data, lambda doors: brought(doors, branch, content, dry_run=dry_run))
    report = {**(job.report or {}), "state": job.state, "told": msgspec.to_builtins(told)}
    if as_json:
        show_json(report)
    else:
        tell(job, told)
    if job.state is not JobState.DONE:
        raise click.ClickException(why(job))
    ctx.exit(1 if report.get("refused") else 0)


async def brought(
    doors: Doors, branch: str, file: bytes, *, dry_run: bool
) -> tuple[Job, list[LineView]]:
    """Stage the lines of *file*, follow the job to its end, and fetch what became of them."""
    lines = table.read(file)
    tenant = (await found(doors.database, branch)).id
    async with unit_of_work(doors.database.app, tenant, OPERATOR) as session:
        job = await importing.stage(session, lines, dry_run=dry_run)
    job = await follow(doors.database, tenant, job.id, words)
    async with unit_of_work(doors.database.app, tenant, OPERATOR) as session:
        return job, await importing.lines_of(session, job.id, 0, table.MOST)


def words(job: Job) -> str:
    return counted(job.done, "readers")


def tell(job: Job, told: Sequence[LineView]) -> None:
    """Every refused line, then the counts."""
    for line in told:
        if line.outcome == "refused":
            click.echo(f"{line.line:>7}  {line.code}  {line.zh}  {line.en}")
    counts = job.report or {}
    for name in ("lines", "created", "updated", "unchanged", "refused"):
        click.echo(f"{name:>10} {counts.get(name, 0):>9,}")
