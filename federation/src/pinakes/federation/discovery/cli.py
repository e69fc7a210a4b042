"""The search index from the command line."""

import asyncio
from pathlib import Path

import click

from pinakes.federation.discovery.indexing import rebuild_wished, wish_rebuild
from pinakes.platform.command import work
from pinakes.platform.db import public_work
from pinakes.platform.doors import Doors
from pinakes.platform.running import data_option


@click.group()
def search() -> None:
    """Look after the search index."""


@search.command()
@data_option
def rebuild(data: Path) -> None:
    """Build the index anew from the database; the old one serves until the new one can."""
    work(data, rebuilt)
    click.echo("The new index serves.")


async def rebuilt(doors: Doors) -> None:
    """Ask the worker for it, and wait until it is done."""
    async with public_work(doors.database.public) as public:
        await wish_rebuild(public)
    wished = True
    while wished:
        await asyncio.sleep(0.5)
        async with public_work(doors.database.public) as public:
            wished = await rebuild_wished(public)
