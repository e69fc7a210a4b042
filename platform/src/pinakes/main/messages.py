"""The messages between branches from the command line: what is late, what is dead, once more."""

from collections.abc import Sequence
from pathlib import Path
from typing import Unpack
from uuid import UUID

import click
import msgspec
from rich.console import Console
from rich.table import Table

from pinakes.main.replaying import Forgotten, replay_to, to_options
from pinakes.platform import letters
from pinakes.platform.command import json_option, show_json, work
from pinakes.platform.directory import Directory
from pinakes.platform.doors import Doors
from pinakes.platform.letters import Lag, Letter
from pinakes.platform.running import data_option


@click.group()
def messages() -> None:
    """Look after the messages between branches."""


@messages.command("list")
@data_option
@json_option
def dead(data: Path, as_json: bool) -> None:
    """List the dead letters: what could not be applied five times."""

    async def look(doors: Doors) -> list[dict[str, object]]:
        return await told(doors, await letters.dead_letters(doors.database))

    show(work(data, look), as_json, "There are no dead letters.")


@messages.command()
@data_option
@json_option
def lag(data: Path, as_json: bool) -> None:
    """Show between which branches something waits, and for how long."""

    async def look(doors: Doors) -> list[dict[str, object]]:
        return await told(doors, await letters.lag(doors.database))

    show(work(data, look), as_json, "Every message has arrived.")


@messages.command()
@click.argument("ids", metavar="[ID]…", nargs=-1, type=click.UUID)
@click.option("--all", "every", is_flag=True, help="All dead letters.")
@to_options
@data_option
def replay(ids: tuple[UUID, ...], every: bool, data: Path, **to: Unpack[Forgotten]) -> None:
    """Give dead letters another five tries, or tell a restored BRANCH again what it has forgotten.

    Let no worker run from the restore until then: what is new would go before what is old. Later,
    too, a branch of which nothing waits may say something new about a thing before the others' old
    words about it have arrived.
    """
    if [bool(ids), every, bool(to["branch"])].count(True) != 1:
        raise click.UsageError("Name the letters, or say --all, or --to BRANCH.")
    if to["branch"]:
        work(data, lambda doors: replay_to(doors, to))
        return
    if to["since"] or to["above"] or to["dry_run"]:
        raise click.UsageError("--since, --above and --dry-run go with --to.")
    done = work(data, lambda doors: letters.replay(doors.database, *ids))
    if done < len(ids) or not done:
        raise click.ClickException(
            f"{done} replayed. The others are not dead letters: see pinakes messages list."
        )
    click.echo(f"{done} replayed; they are tried again within a second.")


async def told(doors: Doors, rows: Sequence[Letter] | Sequence[Lag]) -> list[dict[str, object]]:
    """The rows as plain facts, with the codes of the branches."""
    directory = Directory()
    await directory.refresh(doors.database.app)
    facts: list[dict[str, object]] = [msgspec.structs.asdict(row) for row in rows]
    for row, fact in zip(rows, facts, strict=True):
        for party in ("sender", "receiver"):
            known = directory.ids.get(getattr(row, party))
            fact[party] = known.code if known else "?"
    return facts


def show(facts: list[dict[str, object]], as_json: bool, otherwise: str) -> None:
    """As one JSON object, as a table, or in a sentence when there is nothing."""
    if as_json:
        show_json({"items": facts})
    elif not facts:
        click.echo(otherwise)
    else:
        table = Table(*facts[0])
        for fact in facts:
            table.add_row(*(worded(value) for value in fact.values()))
        Console(soft_wrap=True).print(table)


def worded(value: object) -> str:
    return f"{value:.1f}" if isinstance(value, float) else str(value)
