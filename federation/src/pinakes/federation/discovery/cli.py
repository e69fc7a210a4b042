"""The search index, and what meets in it, from the command line."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import click
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.federation.discovery import choosing
from pinakes.federation.discovery.indexing import rebuild_wished, wish_rebuild
from pinakes.platform.command import OPERATOR, branch_option, work
from pinakes.platform.db import public_work, unit_of_work
from pinakes.platform.doors import Doors
from pinakes.platform.running import data_option
from pinakes.tenants.registry.service import found


@click.group()
def search() -> None:
    """Look after the search index, and after what meets in it."""


@search.command()
@data_option
def rebuild(data: Path) -> None:
    """Build the index anew from the database; the old one serves until the new one can."""
    work(data, rebuilt)
    click.echo("The new index serves.")


@search.command()
@click.argument("record", type=click.UUID)
@branch_option
@data_option
def split(record: Any, branch: str, data: Path) -> None:
    """Give a record a title of its own, whatever the rules say."""
    id = decided(data, branch, lambda session: choosing.split(session, record))
    click.echo(f"The record is the title {id} from now on.")


@search.command()
@click.argument("record", type=click.UUID)
@click.argument("edition", type=click.UUID)
@branch_option
@data_option
def join(record: Any, edition: Any, branch: str, data: Path) -> None:
    """Let a record be one with a title of others, whatever the rules say."""
    id = decided(data, branch, lambda session: choosing.join(session, record, edition))
    click.echo(f"The record belongs to the title {id} from now on.")


@search.command()
@click.argument("record", type=click.UUID)
@branch_option
@data_option
def release(record: Any, branch: str, data: Path) -> None:
    """Leave it to the rules again where a record belongs."""
    decided(data, branch, lambda session: choosing.release(session, record))
    click.echo("The rules say again where the record belongs.")


def decided[T](data: Path, branch: str, act: Callable[[AsyncSession], Awaitable[T]]) -> T:
    """Do it inside the branch."""

    async def inside(doors: Doors) -> T:
        tenant = (await found(doors.database, branch)).id
        async with unit_of_work(doors.database.app, tenant, OPERATOR) as session:
            return await act(session)

    return work(data, inside)


async def rebuilt(doors: Doors) -> None:
    """Ask the worker for it, and wait until it is done."""
    async with public_work(doors.database.public) as public:
        await wish_rebuild(public)
    wished = True
    while wished:
        await asyncio.sleep(0.5)
        async with public_work(doors.database.public) as public:
            wished = await rebuild_wished(public)
