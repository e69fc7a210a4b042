"""Branches from the command line; it works beside the database, as an operator."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import msgspec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from pinakes.platform.command import OPERATOR, json_option, show_json, work
from pinakes.platform.db import public_work, unit_of_work
from pinakes.platform.doors import Doors
from pinakes.platform.running import data_option
from pinakes.platform.words import counted
from pinakes.tenants.registry import bulk, onboarding, schemas, service
from pinakes.tenants.registry.machine import Action, Kind, State
from pinakes.tenants.registry.models import Tenant
from pinakes.tenants.registry.schemas import NewBranch
from pinakes.tenants.staff import service as staff


@click.group()
def tenant() -> None:
    """Let branches move in, suspend them, let them leave."""


@tenant.command()
@click.argument("code")
@click.option("--kind", type=click.Choice([kind.value for kind in Kind]), required=True)
@click.option("--parent", help="Code of the branch that it stands below; a hub has none.")
@click.option("--consortium", default="main", help="Of a hub: the consortium that it founds.")
@click.option("--name-zh", default="", help="Its name in Chinese.")
@click.option("--name-en", default="", help="Its name in English.")
@click.option("--zone", default="Asia/Shanghai", show_default=True, help="Its time zone.")
@click.option("--host", help="A host name of its own.")
@click.option("--latitude", type=float)
@click.option("--longitude", type=float)
@click.option("--admin", default="admin", help="The first account is ADMIN@CODE.")
@data_option
@json_option
def create(data: Path, as_json: bool, **told: Any) -> None:
    """Let a branch move in, or finish what was cut short."""
    try:
        wish = msgspec.convert(told, NewBranch)
    except msgspec.ValidationError as error:
        raise click.ClickException(f"validation_failed: {error}") from None
    done = work(data, lambda doors: onboarding.onboard(doors, OPERATOR, wish))
    if as_json:
        show_json(done)
        return
    click.echo(f"{done.branch.code}: {done.result}")
    if done.password:
        click.echo(f"Log in as {done.admin} with the one-time password {done.password}")


@tenant.command("list")
@click.option(
    "--state", type=click.Choice([state.value for state in State]), help="Only those in this state."
)
@data_option
@json_option
def list_all(data: Path, as_json: bool, state: str | None) -> None:
    """List all branches, those that nobody else sees too."""

    async def look(doors: Doors) -> Sequence[schemas.BranchView]:
        async with public_work(doors.database.app) as session:
            where = [] if state is None else [Tenant.state == State(state)]
            return await service.all_listed(session, *where)

    rows = work(data, look)
    if as_json:
        show_json({"items": rows, "next": None})
        return
    for row in rows:
        name = row.name_zh or row.name_en
        click.echo(f"{row.code:24} {row.kind:9} {row.state:10} {row.parent or '-':24} {name}")


@tenant.command()
@click.argument("code")
@data_option
@json_option
def show(data: Path, as_json: bool, code: str) -> None:
    """Tell where a branch stands, and what it has behind it of moving in."""

    async def look(doors: Doors) -> schemas.Progress:
        return await onboarding.progress(doors.database, await service.found(doors.database, code))

    told = work(data, look)
    if as_json:
        show_json(told)
        return
    for name, value in msgspec.to_builtins(told.branch).items():
        click.echo(f"{name:10} {'-' if value is None else value}")
    for step, taken in told.steps.items():
        click.echo(f"{'done' if taken else 'to do':10} {step}")


def mover(action: Action, sentence: str) -> click.Command:
    """A command that moves one branch one step."""

    @click.argument("code")
    @data_option
    @json_option
    def run(data: Path, as_json: bool, code: str) -> None:
        async def move(doors: Doors) -> schemas.Progress:
            row = await service.found(doors.database, code)
            row = await service.act(doors.database, OPERATOR, row.id, action)
            return await onboarding.progress(doors.database, row)

        told = work(data, move)
        if as_json:
            show_json(told)
        else:
            click.echo(f"{code}: {told.branch.state}")

    return tenant.command(action.value, help=sentence)(run)


mover(Action.SUSPEND, "Close a branch at once, for a while.")
mover(Action.RESUME, "Open a suspended branch again, or keep one that was leaving.")
mover(Action.LEAVE, "Let a branch leave; the branches below it must have gone before.")
mover(Action.CLOSE, "End a branch that is leaving, for ever.")


@tenant.command()
@click.argument("name")
@data_option
def operator(data: Path, name: str) -> None:
    """Appoint an operator, or give one who is locked out a new password."""
    password = work(data, lambda doors: staff.appoint(doors.accounts, name))
    click.echo(f"Log in as {name} with the one-time password {password}")


@tenant.command()
@click.argument("code")
@click.option("--name", default="admin", show_default=True, help="Who works there.")
@data_option
def password(data: Path, code: str, name: str) -> None:
    """Give somebody who works at a branch a new one-time password."""

    async def renew(doors: Doors) -> str:
        row = await service.found(doors.database, code)
        async with unit_of_work(doors.database.app, row.id, OPERATOR) as session:
            id = (await staff.named(session, name)).id
            office = staff.Office(doors.accounts, doors.database)
            return (await staff.renew_password(session, office, id))[1]

    click.echo(f"Log in as {name}@{code} with the one-time password {work(data, renew)}")


@tenant.command("import")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@data_option
@json_option
@click.pass_context
def import_file(ctx: click.Context, data: Path, as_json: bool, file: Path) -> None:
    """Let all branches of FILE move in; run it again to finish what failed.

    The first line of the CSV names its columns: code, kind, parent, name_zh, name_en, zone, host,
    latitude, longitude, admin. A kind is hub, province, city, county or point. Lines may come in
    any order. Ends with 1 when a line failed: the report says which, and why.
    """

    async def run(doors: Doors) -> list[bulk.Outcome]:
        lines = bulk.read(file)
        with bar() as progress:
            task = progress.add_task(file.name, total=len(lines))
            return await bulk.move_in(doors, OPERATOR, lines, lambda _: progress.advance(task))

    outcomes = work(data, run)
    failed = sum(outcome.result == "failed" for outcome in outcomes)
    if as_json:
        show_json({"lines": outcomes, "failed": failed})
    else:
        for outcome in outcomes:
            click.echo(report(outcome))
        click.echo(f"{counted(len(outcomes), 'lines')}, {failed} failed")
    ctx.exit(1 if failed else 0)


def bar() -> Progress:
    """Progress, on standard error, where somebody watches."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    return Progress(*columns, TimeRemainingColumn(), console=console)


def report(outcome: bulk.Outcome) -> str:
    """One line of the report."""
    told = f"line {outcome.line}: {outcome.code}: {outcome.result}"
    if outcome.problem:
        return f"{told} ({outcome.problem}: {outcome.detail})"
    return f"{told}, {outcome.admin} {outcome.password}" if outcome.password else told
