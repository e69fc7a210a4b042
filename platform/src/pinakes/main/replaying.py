"""``pinakes messages replay --to BRANCH``: what a restored branch is told again."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import TypedDict

import click

from pinakes.platform import restored
from pinakes.platform.carrier import KEPT
from pinakes.platform.clock import now
from pinakes.platform.command import OPERATOR
from pinakes.platform.directory import Directory, Tenant
from pinakes.platform.doors import Doors
from pinakes.platform.restored import Plan
from pinakes.platform.turned import Turned
from pinakes.platform.words import counted

MOMENTS = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]


class Forgotten(TypedDict):
    """Which branch was restored, and what is known of that."""

    branch: str | None
    since: datetime | None  # without a zone: UTC
    above: dict[str, int]
    dry_run: bool


def numbered(_: click.Context, __: click.Parameter, told: tuple[str, ...]) -> dict[str, int]:
    """CODE=N, as often as wanted."""
    pairs = [one.rpartition("=") for one in told]
    if not all(code and number.isdecimal() for code, _, number in pairs):
        raise click.BadParameter("Say CODE=N, as in beyond=120.")
    return {code: int(number) for code, _, number in pairs}


OPTIONS = (
    click.option("--to", "branch", metavar="BRANCH", help="A branch that was restored."),
    click.option(
        "--since", type=click.DateTime(MOMENTS), help="If it lives in another cell: to when, UTC."
    ),
    click.option(
        "--above", multiple=True, callback=numbered, metavar="CODE=N",
        help="The branch CODE of another cell has applied what it said up to N.",
    ),
    click.option("--dry-run", is_flag=True, help="Only say how many messages those are."),
)  # fmt: skip


def to_options[F: Callable[..., None]](command: F) -> F:
    for option in reversed(OPTIONS):
        command = option(command)
    return command


async def replay_to(doors: Doors, how: Forgotten) -> None:
    """Plan it, do it unless it is a dry run, and say what that is."""
    directory = Directory()
    await directory.refresh(doors.database.app)
    to, since = directory.coded(how["branch"] or ""), how["since"]
    moment = since.replace(tzinfo=UTC) if since else None
    above = {directory.coded(code).id: number for code, number in how["above"].items()}
    if how["dry_run"]:
        found = await restored.plan(doors.database, to, moment, above)
    else:
        found = await restored.replay(doors.database, to, moment, above, OPERATOR)
    for line in (*said_again(found, to, directory), *elsewhere(found, to, directory)):
        click.echo(line)
    if moment and moment < now() - KEPT:
        click.echo(f"What was sent over {KEPT.days} days ago is gone.")


def said_again(found: Plan, to: Tenant, directory: Directory) -> Iterator[str]:
    """Who says how much again, what nobody can say any more, and where the branch counts on."""
    for one in found.again:
        gone = f"; {one.gone:,} more are gone: sent over {KEPT.days} days ago" if one.gone else ""
        yield f"{directory.ids[one.sender].code}: {counted(one.again, 'messages')}{gone}"
    total = counted(sum(one.again for one in found.again), "messages")
    yield f"{total} for {to.code} in all; what it still knows is dropped."
    for turned in found.turned if to.cell is None else ():
        yield from known_of(turned, to, directory)


def known_of(turned: Turned, to: Tenant, directory: Directory) -> Iterator[str]:
    """What a receiver has heard of the branch that this does not know, and what follows."""
    more, heard, missed, unsure = (
        counted(many, "messages")
        for many in (turned.forgotten, turned.heard, turned.missed, turned.unsure)
    )
    yield f"{directory.ids[turned.receiver].code}: knows {more} that {to.code} has forgotten;"
    yield f"  it counts on above {turned.applied}. pinakes lending work problem: what differs."
    if turned.heard:
        yield f"  {heard} that waited in the backup went out since, and will not count again."
    if turned.missed:
        yield f"  {missed} never arrived, and nobody can say that again."
    if turned.unsure:
        yield f"  {unsure} may be heard twice: said since, or in the last minute of the worker."


def elsewhere(found: Plan, to: Tenant, directory: Directory) -> Iterator[str]:
    """What is to be said in other cells."""
    theirs = (one for one in directory.ids.values() if one.consortium == to.consortium)
    for cell in sorted({one.cell for one in theirs if one.cell} - {to.cell}):
        yield f"In the cell {cell}: pinakes messages replay --to {to.code} --since MOMENT"
    if to.cell and found.turned:
        known = (
            f"--above {directory.ids[one.receiver].code}={one.applied}" for one in found.turned
        )
        yield f"In the cell {to.cell}: pinakes messages replay --to {to.code} {' '.join(known)}"
