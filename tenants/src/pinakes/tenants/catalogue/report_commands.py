"""What imports did, told on the command line: the list of them, and the report of each."""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import click
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.platform.command import (
    OPERATOR,
    after_option,
    branch_option,
    json_option,
    limit_option,
    show_json,
    show_page,
    work,
)
from pinakes.platform.db import unit_of_work
from pinakes.platform.doors import Doors
from pinakes.platform.paging import Page
from pinakes.platform.running import data_option
from pinakes.tenants.catalogue import lists, service
from pinakes.tenants.catalogue.commands import kept
from pinakes.tenants.catalogue.report import NAMED, in_order
from pinakes.tenants.catalogue.schemas import ImportView
from pinakes.tenants.catalogue.telling import table
from pinakes.tenants.registry.inside import inside
from pinakes.tenants.registry.service import found


@click.command()
@branch_option
@after_option
@limit_option
@data_option
@json_option
def imports(branch: str, after: str | None, limit: int, data: Path, as_json: bool) -> None:
    """List the imports of a branch, of records and of items, newest first."""

    async def look(session: AsyncSession) -> Page[ImportView]:
        return await lists.imports(session, after, limit)

    show_page(inside(data, branch, look), line, as_json=as_json)


@click.command()
@click.argument("job", metavar="IMPORT", type=click.UUID)
@branch_option
@click.option(
    "--csv",
    "file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Into this file; line by line what did not come in, was updated, or was put right.",
)
@data_option
@json_option
def report(job: UUID, branch: str, file: Path | None, data: Path, as_json: bool) -> None:
    """Show what an IMPORT (its id) did, however long ago."""
    if file is not None:
        work(data, lambda doors: tabled(doors, branch, job, file))
        return
    view = inside(data, branch, lambda session: service.import_view(session, job))
    if as_json:
        show_json(view)
        return
    click.echo(line(view))
    tell(in_order(view.report or {}))
    for name, told in (("failure", view.failure), *(("undo", undo) for undo in view.undos)):
        if told:
            click.echo(f"{name:>12}  {told}")


async def tabled(doors: Doors, branch: str, id: UUID, file: Path) -> None:
    """The report as CSV, some lines at a time."""
    tenant = (await found(doors.database, branch)).id

    def opened() -> AbstractAsyncContextManager[AsyncSession]:
        return unit_of_work(doors.database.app, tenant, OPERATOR)

    async with opened() as session:
        job = await service.imported(session, id)
    await kept(file, table(opened, job))


def line(one: ImportView) -> str:
    """An import in one line."""
    told = one.report or {}
    counts = ("read", "new", "updated", "unchanged", "quarantined", "refused")
    shown = [f"{name} {told[name]:,}" for name in counts if told.get(name)]
    marks = ["dry run"] * bool(told.get("dry_run")) + ["taken back"] * bool(one.undos)
    file = one.file.name if one.file else "-"
    words = (one.id, f"{one.begun_at:%F %T}", one.state, file, ", ".join(shown + marks) or "-")
    return "  ".join(map(str, words))


def tell(report: Mapping[str, Any]) -> None:
    """A report in lines."""
    for name, told in report.items():
        if isinstance(told, dict):
            counts = cast("dict[str, int]", told)
            if name in NAMED:  # the most frequent first
                counts = dict(sorted(counts.items(), key=lambda one: (-one[1], one[0])))
            shown = ", ".join(f"{what} {count:,}" for what, count in counts.items() if count)
            click.echo(f"{name:>12}  {shown or '-'}")
        elif name != "dry_run":
            click.echo(f"{name:>12}  {told:>9,}")
