"""``pinakes migrate``: bring the database of a deployment to this version."""

from pathlib import Path

import click

from pinakes.main.migrations import run
from pinakes.platform.config import settings
from pinakes.platform.running import NotRunning, adopt, data_option


@click.command()
@data_option
def migrate(data: Path) -> None:
    """Bring the tables to this version, as their owner; `up` does so by itself."""
    try:
        adopt(data.resolve())
        run.migrate(owner())
    except (NotRunning, run.NewerData) as reason:
        raise click.ClickException(str(reason)) from None
    click.echo("The tables are those of this version.")


def owner() -> str:
    """The address of the database as the owner of its tables."""
    told = settings().owner
    if told is None:
        raise click.ClickException("Say the owner of the tables: PINAKES_OWNER=postgresql://…")
    return told.get_secret_value()
