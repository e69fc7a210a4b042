"""Messages that could not be applied: seen, and sent again."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from uuid import UUID

import click
from rich.console import Console
from rich.table import Table

from pinakes.platform.carrier import dead_letters, replay
from pinakes.platform.config import settings
from pinakes.platform.db import Database
from pinakes.platform.messages import Outbox
from pinakes.platform.running import NotRunning, adopt, data_option


@click.group()
@data_option
def messages(data: Path) -> None:
    """Look after the messages between branches."""
    try:
        adopt(data.resolve())
    except NotRunning as reason:
        raise click.ClickException(str(reason)) from None


@messages.command("list")
def dead() -> None:
    """List the dead letters: what could not be applied five times."""
    letters = asyncio.run(with_database(dead_letters))
    if letters:
        Console(soft_wrap=True).print(table(letters))
    else:
        click.echo("There are no dead letters.")


@messages.command("replay")
@click.argument("id", type=click.UUID)
def again(id: UUID) -> None:
    """Give the dead letter ID another five tries."""
    if not asyncio.run(with_database(lambda database: replay(database, id))):
        raise click.ClickException("No dead letter has this id. See: pinakes messages list")
    click.echo("It is tried again within a second.")


async def with_database[T](act: Callable[[Database], Awaitable[T]]) -> T:
    async with Database.open(settings()) as database:
        return await act(database)


def table(letters: Sequence[Outbox]) -> Table:
    """A line a letter, without its body: that may name a reader."""
    found = Table("id", "kind", "from", "to", "since", "failure")
    for one in letters:
        words = (one.id, one.kind, one.tenant_id, one.receiver, f"{one.created_at:%F %T}")
        found.add_row(*map(str, words), one.failure)
    return found
