"""The search index, and what meets in it, from the command line."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import click
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.federation.discovery import choosing
from pinakes.federation.discovery.indexing import rebuild_wished, wish_rebuild
from pinakes.federation.discovery.query import Branch, Query
from pinakes.federation.discovery.routes import answer
from pinakes.federation.discovery.service import Found, PublicCatalogue, index
from pinakes.platform.command import OPERATOR, branch_option, json_option, show_json, work
from pinakes.platform.config import settings
from pinakes.platform.db import public_work, unit_of_work
from pinakes.platform.directory import Directory
from pinakes.platform.doors import Doors
from pinakes.platform.running import data_option
from pinakes.tenants.registry.service import found


@click.group()
def search() -> None:
    """Ask the search index, look after it, and after what meets in it."""


@search.command()
@click.argument("words")
@click.option("--branch", help="Only what this branch holds; the nearest copies come first.")
@data_option
@json_option
def find(words: str, branch: str | None, data: Path, as_json: bool) -> None:
    """Find titles as readers do, in all branches or in one."""
    found = work(data, lambda doors: asked(doors, words, branch))
    if as_json:
        show_json(answer(found))
        return
    click.echo(f"{found.total:,} found" + (f"; did you mean {found.meant}?" * bool(found.meant)))
    for hit in found.hits:
        free = [f"{one.branch.code} {one.available}/{one.items}" for one in hit.shelves]
        told = [hit.responsibility, str(hit.year or "")]
        click.echo("  ".join(filter(None, [str(hit.id), hit.title, *told, *free])))


async def asked(doors: Doors, words: str, branch: str | None) -> Found:
    """The first page of what answers."""
    directory = Directory()
    await directory.refresh(doors.database.app)
    near = directory.coded(branch) if branch else None
    catalogue = PublicCatalogue(index(settings().search), directory, doors.database.hot)
    within = Branch(near.id) if near else catalogue.consortium()
    return await catalogue.search(Query(within=within, text=words), near)


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
