"""Commands that do what a desk does: place a request, take a step, scan, name the title."""

from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import click
import msgspec

from pinakes.federation.lending import hot, service
from pinakes.federation.lending.acting import REASONS
from pinakes.federation.lending.desk_cli import at_desk, line
from pinakes.federation.lending.finder import ItemOfSeveral
from pinakes.federation.lending.model import Role
from pinakes.federation.lending.rows import Sought
from pinakes.federation.lending.scanning import ParcelOfSeveral
from pinakes.federation.lending.schemas import Doing, NewRequest, PartyView, Scan, Scanned
from pinakes.platform.clock import now
from pinakes.platform.command import branch_option, json_option
from pinakes.platform.db import Database, unit_of_work
from pinakes.platform.paging import Page
from pinakes.platform.running import data_option
from pinakes.tenants.circulation.hot import Desk

ROLES = [role.value for role in Role]
WHY = sorted({one for some in REASONS.values() for one in some})
request_argument = click.argument("request_id", metavar="REQUEST", type=click.UUID)


@click.command()
@data_option
@branch_option
@click.option("--card", required=True, help="The reader's; this branch is the reader's home.")
@click.option("--edition", type=click.UUID, help="Title of the public catalogue.")
@click.option("--title", default="", help="What no catalogue holds: the staff look for it.")
@click.option("--owner", help="Code of the branch whose --record or --item is meant.")
@click.option("--record", type=click.UUID, help="Title of that branch.")
@click.option("--item", type=click.UUID, help="One copy, and no other.")
@click.option("--pickup", help="Code of the branch where it is collected.  [default: --branch]")
@click.option("--service", type=click.Choice(["Express", "Normal", "Standard"]), default="Normal")
@click.option("--needed-by", type=click.DateTime(["%Y-%m-%d"]), help="Not needed after that day.")
@click.option("--note", default="", help="The reader's.")
@click.option("--in-house", is_flag=True, help="For use in the library only.")
@click.option("--copy", is_flag=True, help="A copy is made and sent; nothing comes back.")
@click.option("--sure", is_flag=True, help="Though the reader waits for the same title already.")
@json_option
def place(data: Path, branch: str, needed_by: datetime | None, as_json: bool, **wish: Any) -> None:
    """Ask for a title on behalf of a reader."""
    day = needed_by.date() if needed_by else None
    wish["pickup"] = wish["pickup"] or branch
    asked = spoken(wish | {"needed_by": day}, NewRequest)

    async def ask(desk: Desk, _: Database) -> bytes:
        return (await hot.place(desk, asked)).body

    tell(at_desk(data, branch, ask), as_json)


@click.command("act")
@data_option
@branch_option
@click.option("--role", type=click.Choice(ROLES), help="Where the branch is several parties.")
@click.option("--attempt", type=click.IntRange(1, 1000), help="Which one.  [default: the last]")
@click.option("--note", help="To the other branch.")
@click.option("--reason", type=click.Choice(WHY), help="Why not.")
@click.option("--condition", help="On which it would be lent: words, or LibraryUseOnly.")
@click.option("--parcel", help="In which it is sent.")
@click.option("--damage", help="What is damaged.")
@click.option("--payer", type=click.Choice(ROLES), help="Of a loss.")
@click.option("--days", type=click.IntRange(1, 365), help="From today, until it is due.")
@click.option("--edition", type=click.UUID, help="The title that is meant.")
@request_argument
@click.argument("act", metavar="ACT")
@json_option
def do(  # noqa: PLR0913, PLR0917  (where, which party, what, and how)
    data: Path,
    branch: str,
    role: str | None,
    attempt: int | None,
    request_id: UUID,
    act: str,
    as_json: bool,
    **fields: Any,
) -> None:
    """Take one step of REQUEST at a branch: agree, condition, ship, receive and others.

    `show` tells in brackets which are possible now.
    """
    facts = spoken(fields, Doing).facts(int(now().timestamp()))

    async def step(desk: Desk, database: Database) -> bytes:
        known = Role(role) if role else await role_in(desk, database, request_id, act)
        whose = Sought(request_id, known, attempt)
        return (await hot.act(desk, whose, act, facts)).body

    tell(at_desk(data, branch, step), as_json)


@click.command()
@data_option
@branch_option
@request_argument
@click.argument("edition", metavar="TITLE", type=click.UUID)
@json_option
def describe(data: Path, branch: str, request_id: UUID, edition: UUID, as_json: bool) -> None:
    """Say which TITLE of the catalogue the reader of REQUEST meant (`search find` tells its id)."""

    async def name(desk: Desk, _: Database) -> bytes:
        whose, facts = Sought(request_id, Role.REQUESTER), {"edition": str(edition)}
        return (await hot.act(desk, whose, service.DESCRIBE, facts)).body

    tell(at_desk(data, branch, name), as_json)


@click.command()
@data_option
@branch_option
@click.option("--owner", help="Whose it is, or who sent the parcel, where several could be meant.")
@click.option("--damaged", is_flag=True, help="It has arrived damaged.")
@click.option("--parcel", default="", help="Number of the parcel into which it goes, if sent.")
@click.argument("barcode")
@json_option
def scan(data: Path, branch: str, *, as_json: bool, **said: Any) -> None:
    """Do what is next with a book, or with every book of a parcel."""
    scanned = spoken(said, Scan)

    async def read(desk: Desk, _: Database) -> bytes:
        try:
            return (await hot.scan(desk, scanned)).body
        except (ItemOfSeveral, ParcelOfSeveral) as several:
            owners = ", ".join(several.facts["owners"])
            told = f"{several.code}: {several.title}. Say --owner: {owners}."
            raise click.UsageError(told) from None

    answer = at_desk(data, branch, read)
    if as_json:
        click.echo(answer)
        return
    for one in msgspec.json.decode(answer, type=Page[Scanned]).items:
        to = f"  → {one.send_to}" if one.send_to else ""
        click.echo("  ".join(filter(None, (one.verb, one.barcode, one.title))) + to)


async def role_in(desk: Desk, database: Database, request: UUID, act: str) -> Role:
    """Which party of ours may do it now; UsageError where several may, or none of several."""
    async with unit_of_work(database.app, desk.here.id, desk.asker) as session:
        ours = [found.party for found in await service.parties(session, request)]
    if not ours:
        raise service.NoSuchRequest("This branch is no party to it.")
    able = {party.role for party in ours if act in party.acts} or {party.role for party in ours}
    if len(able) > 1:
        roles = ", ".join(sorted(able))
        raise click.UsageError(f"This branch is several parties of it. Say --role: {roles}.")
    return able.pop()


def spoken[T](told: dict[str, Any], wanted: type[T]) -> T:
    """What the options say, as the API would be told; a field that is not well formed is named."""
    try:
        return msgspec.convert(
            {key: said for key, said in told.items() if said is not None}, wanted
        )
    except msgspec.ValidationError as error:
        raise click.UsageError(str(error)) from None


def tell(answer: bytes, as_json: bool) -> None:
    """Where the party stands now."""
    click.echo(answer if as_json else line(msgspec.json.decode(answer, type=PartyView)))
