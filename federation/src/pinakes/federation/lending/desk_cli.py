"""Commands of a desk: work that waits, one request whole, and the repair of what disagrees."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import click
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.federation.lending import astray, looking, pausing, righting, views
from pinakes.federation.lending.arrivals import ArrivalView
from pinakes.federation.lending.astray_pages import AstrayView
from pinakes.federation.lending.chosen import Choice
from pinakes.federation.lending.fetching import Work, waiting
from pinakes.federation.lending.models import Arrival, Transit
from pinakes.federation.lending.schemas import PartyView
from pinakes.federation.lending.worklists import NAMES, strangers
from pinakes.platform import command
from pinakes.platform.command import OPERATOR, branch_option
from pinakes.platform.db import Database, unit_of_work
from pinakes.platform.directory import Directory
from pinakes.platform.doors import Doors
from pinakes.platform.paging import MOST
from pinakes.platform.running import data_option
from pinakes.platform.words import counted
from pinakes.tenants.circulation.hot import Desk, Key


@click.command()
@data_option
@branch_option
@click.option("--after", help="Go on behind what was shown: the cursor that the last page told.")
@click.option("--limit", type=click.IntRange(1, MOST), default=MOST, show_default=True)
@click.argument("name", type=click.Choice(list(NAMES)))
def work(data: Path, branch: str, name: str, after: str | None, limit: int) -> None:
    """Show what waits for a hand at a branch, the longest waiting first."""

    async def look(session: AsyncSession, directory: Directory) -> list[str]:
        page = await waiting(session, directory, name, after, limit)
        found = [line(one) + fetched(one) for one in page.items]
        if page.next:
            return [*found, f"There is more: --after {page.next}"]
        if name == "problem":  # of thirty days, and each was scanned by a hand
            strays = await session.scalars(strangers().order_by(Arrival.id))
            found += [left(ArrivalView.of(row, directory)) for row in strays]
        if name == "lost":
            missing = await session.scalars(astray.astray().order_by(Transit.id))
            found += [never_home(AstrayView.of(row, directory)) for row in missing]
        return found

    click.echo("\n".join(at(data, branch, look)) or "Nothing to do here.")


@click.command()
@data_option
@branch_option
@click.argument("request_id", metavar="REQUEST", type=click.UUID)
def show(data: Path, branch: str, request_id: UUID) -> None:
    """Show a request as a branch knows it: parties, why whom it asked, and what was done."""

    async def look(session: AsyncSession, directory: Directory) -> list[str]:
        whole = await looking.whole(session, directory, request_id)
        reasons = [told for why in whole.chosen for told in explained(why)]
        steps = await righting.next_steps(session, request_id)
        parties = [line(one) + fetched(one) for one in whole.parties]
        return [*parties, *steps, *reasons, *map(done, whole.history)]

    click.echo("\n".join(at(data, branch, look)))


@click.command()
@data_option
@branch_option
@click.argument("request_id", metavar="[REQUEST]", type=click.UUID, required=False)
def repair(data: Path, branch: str, request_id: UUID | None) -> None:
    """Let the parties of REQUEST (of all that disagree) say again what they said last.

    Safe: what had arrived changes nothing when it comes twice. The audit log keeps it. What this
    does not mend stays in trouble: look at the books, then act or set right as `show` advises.
    """

    async def mend(session: AsyncSession, _: Directory) -> list[UUID]:
        requests = [request_id] if request_id else await views.in_trouble(session)
        return [one for one in requests if await views.repair(session, one)]

    mended = at(data, branch, mend)
    if request_id and not mended:
        raise click.ClickException("This branch has placed no such request.")
    told = counted(len(mended), "requests")
    click.echo(f"{told}: their parties speak again. Look once more in 10 minutes.")
    click.echo("What is still in trouble then waits for a hand: show REQUEST says for which.")


@click.command()
@data_option
@branch_option
@click.argument("way_id", metavar="BOOK", type=click.UUID)
def settle(data: Path, branch: str, way_id: UUID) -> None:
    """Take BOOK, of `work lost`, off that list: it never came home, on no request, and is settled.

    A book of a request is settled with `do REQUEST settle`.
    """

    async def settled(session: AsyncSession, _: Directory) -> None:
        await astray.settle(session, way_id)

    at(data, branch, settled)


@click.command("set-right")
@data_option
@branch_option
@click.argument("request_id", metavar="REQUEST", type=click.UUID)
@click.argument("state", metavar="STATE")
def set_right(data: Path, branch: str, request_id: UUID, state: str) -> None:
    """Let the home of REQUEST stand in STATE, where it agrees with the other parties.

    For what a repair did not mend. No book moves and nobody is told; the audit log keeps it.
    """

    async def move(session: AsyncSession, _: Directory) -> None:
        await righting.set_right(session, request_id, state)

    at(data, branch, move)
    click.echo(f"The requester is {state}. Look once more in 10 minutes.")


@click.command()
@data_option
@branch_option
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), help="The day on which it waits again.")
@click.argument("request_id", metavar="REQUEST", type=click.UUID)
def suspend(data: Path, branch: str, until: datetime | None, request_id: UUID) -> None:
    """Let others go before REQUEST until a day, or until it is resumed; its place is kept."""

    async def pause(session: AsyncSession, directory: Directory) -> None:
        day = until.date() if until else None
        database: Database = session.info["database"]
        await pausing.suspend(session, database, directory.coded(branch), OPERATOR, request_id, day)

    at(data, branch, pause)


@click.command()
@data_option
@branch_option
@click.argument("request_id", metavar="REQUEST", type=click.UUID)
def resume(data: Path, branch: str, request_id: UUID) -> None:
    """Let REQUEST wait on, from the place that was kept."""

    async def go_on(session: AsyncSession, _: Directory) -> None:
        await pausing.resume(session, session.info["database"], OPERATOR, request_id)

    at(data, branch, go_on)


def at[T](data: Path, branch: str, act: Callable[[AsyncSession, Directory], Awaitable[T]]) -> T:
    """Act inside one branch of what runs on *data*."""

    async def inside(desk: Desk, database: Database) -> T:
        async with unit_of_work(database.app, desk.here.id, desk.asker, closed_too=True) as session:
            session.info["database"] = database
            return await act(session, desk.directory)

    return at_desk(data, branch, inside)


def at_desk[T](data: Path, branch: str, act: Callable[[Desk, Database], Awaitable[T]]) -> T:
    """Act as the desk of one branch of what runs on *data*."""

    async def inside(doors: Doors) -> T:
        directory = Directory()
        await directory.refresh(doors.database.app)
        here = directory.coded(branch)
        desk = Desk(doors.database.hot, directory, here, OPERATOR, Key())
        return await act(desk, doors.database)

    return command.work(data.resolve(), inside)


def line(row: PartyView) -> str:
    """A party in one line: what it is, where it stands, what may be done next."""
    told = (row.request, f"{row.role}-{row.attempt}", row.state, row.barcode or "—", row.title)
    trouble = f"  ! {row.trouble}" if row.trouble else ""
    return "  ".join(map(str, told)) + f"  [{' '.join(row.acts)}]{trouble}"


def done(one: looking.Stage) -> str:
    return f"{one.at:%F %T}  {one.operation}  {one.role}  {one.result}"


def explained(why: Choice) -> list[str]:
    """One choice: the rules that decided, then how each branch stood that was considered."""
    rules = " ".join(filter(None, (why.rule, why.ranked_by)))
    lines = [f"chosen  {why.supplier or '—'}  {rules}"]
    for one in why.considered:
        known = ((name, figure) for name, figure in one.figures.items() if figure is not None)
        figures = " ".join(f"{name}={worded(figure)}" for name, figure in known)
        lines.append(f"  {one.supplier or '—'}  {one.place or one.out}  {figures}")
    return lines


def worded(figure: Any) -> str:
    several = cast("list[object]", figure) if isinstance(figure, list) else [figure]
    return ",".join(map(str, several))


def fetched(one: Work) -> str:
    """What a hand needs besides: by what the copy is fetched, for whom, until when, and how."""
    marks = [
        " ".join(filter(None, (at.call_number, at.copy, at.location))) for at in one.shelf_marks
    ]
    told = {
        "author": one.author,
        "call number": " | ".join(marks),
        "home": one.home,
        "supplier": one.supplier,
        "pickup": one.pickup,
        "needed by": one.needed_by,
        "use": "in the library only" if one.in_house else None,
        "condition": one.condition,
        "note": " | ".join(" ".join(note.note.split()) for note in one.notes),
        "who pays": {"requester": one.home, "supplier": one.supplier, "pickup": one.pickup}.get(
            one.payer or ""
        ),
        "kept": f"for {one.label} until {one.collect_by:%F}" if one.collect_by else None,
        "put back": f"since {one.to_put_back:%F}" if one.to_put_back else None,
    }
    return "".join(f"  / {name}: {said}" for name, said in told.items() if said)


def left(one: ArrivalView) -> str:
    """A book that was left here in one line: whose it is, where it goes, and why."""
    told = (one.id, "arrival", one.state, one.barcode, one.title or "—", one.owner or "—")
    way = f"  → {one.send_to or '?'}  {one.rule or ''}".rstrip()
    return "  ".join(map(str, told)) + way + (f"  / parcel: {one.parcel}" if one.parcel else "")


def never_home(one: AstrayView) -> str:
    """A book that is missing in one line: where it was left, and when."""
    told = (one.id, "astray", one.barcode, one.title or "—")
    return "  ".join(map(str, told)) + f"  ← {one.left_at}  {one.since:%F}"
