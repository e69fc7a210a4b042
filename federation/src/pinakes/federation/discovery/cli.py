"""The search index, and what meets in it, from the command line."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

import click
import msgspec

from pinakes.federation.discovery import choosing
from pinakes.federation.discovery import copies as lent
from pinakes.federation.discovery.answering import MOST
from pinakes.federation.discovery.asking import Question
from pinakes.federation.discovery.indexing import rebuild_wished, wish_rebuild
from pinakes.federation.discovery.query import DEEPEST, LONGEST, Branch, Order
from pinakes.federation.discovery.schemas import (
    EditionView,
    Placement,
    WhereView,
    answer,
    edition_view,
    where_view,
)
from pinakes.federation.discovery.service import Found, PublicCatalogue, index
from pinakes.platform.command import branch_option, json_option, show_json, work
from pinakes.platform.config import settings
from pinakes.platform.db import public_work
from pinakes.platform.directory import Directory
from pinakes.platform.doors import Doors
from pinakes.platform.paging import MOST as PAGE
from pinakes.platform.paging import Page
from pinakes.platform.running import data_option
from pinakes.tenants.registry.inside import inside

YEAR = click.IntRange(-9999, 9999)


@click.group()
def search() -> None:
    """Ask the search index, look after it, and after what meets in it."""


@search.command()
@click.argument("words", default="")
@click.option("--branch", help="Only what this branch holds; the nearest copies come first.")
@click.option("--form", multiple=True, help="Only this form: book, audio … (several: any of them).")
@click.option("--language", multiple=True, help="Only this language: chi, eng ….")
@click.option("--class", "classes", multiple=True, help="Only this main class: clc:I, ddc:8 ….")
@click.option("--library", "branches", multiple=True, help="Only what this branch holds, too.")
@click.option("--from", "since", type=YEAR, help="Published in this year or later.")
@click.option("--to", "until", type=YEAR, help="Published in this year or before.")
@click.option("--available", is_flag=True, help="Only what can be borrowed now.")
@click.option(
    "--order", type=click.Choice([one.value for one in Order]), default=Order.RELEVANCE.value
)
@click.option("--limit", type=click.IntRange(1, MOST), default=20, show_default=True)
@click.option("--offset", type=click.IntRange(0, DEEPEST), default=0, help="Behind so many.")
@click.option("--facets", is_flag=True, help="Count what was found by form, language, branch ….")
@data_option
@json_option
def find(data: Path, as_json: bool, **told: Any) -> None:
    """Find titles as readers do, in all branches or in one."""
    found, where = work(data, lambda doors: asked(doors, **told))
    if as_json:
        counts = {} if where is None else {"where": where}
        show_json(msgspec.to_builtins(answer(found)) | counts)
        return
    click.echo(f"{found.total:,} found" + (f"; did you mean {found.meant}?" * bool(found.meant)))
    for hit in found.hits:
        free = [f"{one.branch.code} {one.available}/{one.items}" for one in hit.shelves]
        words = [hit.responsibility, str(hit.year or "")]
        click.echo("  ".join(filter(None, [str(hit.id), hit.title, *words, *free])))
    if found.next:
        click.echo(f"There are more: --offset {found.next}")
    if where is not None:
        tell_counts(found.facets | {"branch": where.branch})
        click.echo(f"{'available':>12}  {where.available:,}")


async def asked(
    doors: Doors,
    words: str,
    branch: str | None,
    since: int | None,
    until: int | None,
    facets: bool,
    **told: Any,
) -> tuple[Found, WhereView | None]:
    """One page of what answers, and who holds what was found if that is wanted."""
    catalogue = await beside(doors)
    near = catalogue.directory.coded(branch) if branch else None
    question = msgspec.convert({**told, "q": words[:LONGEST], "years": (since, until)}, Question)
    within = Branch(near.id) if near else catalogue.consortium()
    query = question.within(within, catalogue.directory)
    found = await catalogue.search(query, near)
    where = await catalogue.where(query) if facets else None
    return found, None if where is None else where_view(where, catalogue.directory)


async def beside(doors: Doors) -> PublicCatalogue:
    """The public catalogue of what runs."""
    directory = Directory()
    await directory.refresh(doors.database.app)
    return PublicCatalogue(index(settings().search), directory, doors.database.hot)


def tell_counts(facets: Mapping[str, Mapping[str, int]]) -> None:
    """A line for each facet, the most frequent values first."""
    for name, counts in facets.items():
        most = sorted(counts.items(), key=lambda told: -told[1])
        shown = ", ".join(f"{value} {count:,}" for value, count in most)
        click.echo(f"{name:>12}  {shown or '-'}")


@search.command()
@click.argument("title", type=click.UUID)
@click.option("--branch", help="The nearest copies come first; its record is named.")
@data_option
@json_option
def show(title: UUID, branch: str | None, data: Path, as_json: bool) -> None:
    """Show a TITLE (the id that `find` tells), and where it stands in all branches."""

    async def look(doors: Doors) -> EditionView:
        catalogue = await beside(doors)
        near = catalogue.directory.coded(branch) if branch else None
        return edition_view(await catalogue.edition(title, near))

    view = work(data, look)
    if as_json:
        show_json(view)
        return
    known = view.title
    numbers = [one.isbn13 or one.written for one in known.isbn]
    words = (known.responsibility, known.publisher, str(known.year or ""), *numbers)
    click.echo("  ".join(filter(None, (str(view.id), known.full, *words))))
    click.echo(f"its record is of {view.keeper}; it is in this title by the rule {view.rule}")
    for one in view.holdings:
        free = f"{one.available}/{one.items}"
        click.echo("  ".join(filter(None, (f"{one.branch:>12}", free, *one.call_numbers))))


@search.command()
@click.argument("title", type=click.UUID)
@click.option("--library", required=True, help="Code of the branch that lends them.")
@click.option("--after", help="The `next` of the page before.")
@click.option("--limit", type=click.IntRange(1, PAGE), default=50, show_default=True)
@data_option
@json_option
def copies(data: Path, as_json: bool, title: UUID, **told: Any) -> None:
    """List the copies and volumes of a TITLE that a branch lends, as `lending place` names them."""

    async def look(doors: Doors) -> Page[lent.Copy]:
        return await lent.some(await beside(doors), title, **told)

    page = work(data, look)
    if as_json:
        show_json(page)
        return
    for one in page.items:
        words = (one.call_number, one.copy, one.location, "on the shelf" * one.available)
        ids = f"--owner {one.owner} --record {one.record} --item {one.item}"
        click.echo("  ".join(filter(None, (ids, *words))))
    if page.next:
        click.echo(f"There are more: --after {page.next}")


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
@json_option
def split(record: UUID, branch: str, data: Path, as_json: bool) -> None:
    """Give a record a title of its own, whatever the rules say."""
    placed = Placement(
        record, inside(data, branch, lambda session: choosing.split(session, record))
    )
    tell(placed, f"The record is the title {placed.edition} from now on.", as_json=as_json)


@search.command()
@click.argument("record", type=click.UUID)
@click.argument("edition", type=click.UUID)
@branch_option
@data_option
@json_option
def join(record: UUID, edition: UUID, branch: str, data: Path, as_json: bool) -> None:
    """Let a record be one with a title of others, whatever the rules say."""
    id = inside(data, branch, lambda session: choosing.join(session, record, edition))
    words = f"The record belongs to the title {id} from now on."
    tell(Placement(record, id), words, as_json=as_json)


@search.command()
@click.argument("record", type=click.UUID)
@branch_option
@data_option
def release(record: UUID, branch: str, data: Path) -> None:
    """Leave it to the rules again where a record belongs."""
    inside(data, branch, lambda session: choosing.release(session, record))
    click.echo("The rules say again where the record belongs.")


def tell(placed: Placement, words: str, *, as_json: bool) -> None:
    if as_json:
        show_json(placed)
    else:
        click.echo(words)


async def rebuilt(doors: Doors) -> None:
    """Ask the worker for it, and wait until it is done."""
    async with public_work(doors.database.public) as public:
        await wish_rebuild(public)
    wished = True
    while wished:
        await asyncio.sleep(0.5)
        async with public_work(doors.database.public) as public:
            wished = await rebuild_wished(public)
