"""Titles that may be the same, on the command line: looked for, shown, decided on."""

from pathlib import Path
from uuid import UUID

import click
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.platform.command import (
    after_option,
    branch_option,
    json_option,
    limit_option,
    show_json,
    show_page,
)
from pinakes.platform.paging import Page
from pinakes.platform.running import data_option
from pinakes.tenants.catalogue import deciding, lists
from pinakes.tenants.catalogue.alike import Verdict
from pinakes.tenants.catalogue.commands import runner
from pinakes.tenants.catalogue.duplicates import start_search
from pinakes.tenants.catalogue.schemas import RecordView, TwinView
from pinakes.tenants.catalogue.withdrawing import numbered
from pinakes.tenants.registry.inside import inside

VERDICTS = click.Choice([verdict.value for verdict in Verdict])

pair_argument = click.argument("id", metavar="PAIR", type=click.UUID)


@click.group()
def duplicates() -> None:
    """Look after titles that may be the same; people decide."""


duplicates.add_command(runner("search", start_search, "Look for titles that may be the same."))


@duplicates.command("list")
@branch_option
@click.option("--verdict", type=VERDICTS, default=Verdict.OPEN.value, show_default=True)
@after_option
@limit_option
@data_option
@json_option
def list_all(
    branch: str, verdict: str, after: str | None, limit: int, data: Path, as_json: bool
) -> None:
    """List the pairs that nobody has decided on, or on which somebody has, newest first."""

    async def look(session: AsyncSession) -> Page[TwinView]:
        return await lists.twins(session, Verdict(verdict), after, limit)

    show_page(inside(data, branch, look), line, as_json=as_json)


@duplicates.command()
@pair_argument
@branch_option
@data_option
@json_option
def show(id: UUID, branch: str, data: Path, as_json: bool) -> None:
    """Show a PAIR (its id): what each of the two records says."""

    async def look(session: AsyncSession) -> TwinView:
        return await deciding.view(session, await deciding.pair(session, id))

    view = inside(data, branch, look)
    if as_json:
        show_json(view)
        return
    click.echo(f"{view.rule}  {view.verdict}")
    for one in (view.first, view.second):
        click.echo("\n".join(told(one)))


@duplicates.command()
@pair_argument
@click.argument("verdict", type=VERDICTS)
@click.option("--keep", help="Of two that are the same: the one that stays (id, control number).")
@branch_option
@data_option
@json_option
def decide(
    id: UUID, verdict: str, keep: str | None, branch: str, data: Path, as_json: bool
) -> None:
    """Say that the two titles of a PAIR (its id) are the same or different, or leave it open."""

    async def act(session: AsyncSession) -> TwinView:
        stays = (await numbered(session, keep)).id if keep else None
        twin = await deciding.decide(session, id, Verdict(verdict), stays)
        return await deciding.view(session, twin)

    view = inside(data, branch, act)
    if as_json:
        show_json(view)
    else:
        click.echo(line(view))


def line(one: TwinView) -> str:
    """A pair in one line."""
    pair = [
        f"{side.control_number or side.id} {side.title.full}" for side in (one.first, one.second)
    ]
    return "  ".join((str(one.id), one.rule, one.verdict, *pair))


def told(record: RecordView) -> list[str]:
    """A record in some lines."""
    title = record.title
    marks = [name for name in ("suppressed", "withdrawn") if getattr(record, name)]
    numbers = [one.isbn13 or one.written for one in title.isbn]
    facts = (title.responsibility, title.publisher, str(title.year or ""), *numbers, *marks)
    return [f"{record.id}  {record.control_number}  {title.full}",
            "    " + "  ".join(filter(None, facts))]  # fmt: skip
