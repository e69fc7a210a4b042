"""One scan at a desk: the next step of what the book is in; or whose it is, and where it goes."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Boolean, text, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.federation.lending.deciding import turn
from pinakes.federation.lending.model import Role
from pinakes.federation.lending.models import Transit
from pinakes.federation.lending.party import MoveRefused
from pinakes.federation.lending.returned import foreign
from pinakes.federation.lending.rows import Found, found_in
from pinakes.federation.lending.schemas import PartyView, Scan, Scanned
from pinakes.federation.lending.service import due
from pinakes.federation.lending.turn import Turn
from pinakes.platform.clock import now
from pinakes.platform.directory import Directory
from pinakes.platform.errors import Conflict
from pinakes.tenants.circulation.astray import found_again
from pinakes.tenants.circulation.elsewhere import home_again
from pinakes.tenants.items.machine import Status
from pinakes.tenants.items.service import NoSuchItem, with_barcode

S, P = Role.SUPPLIER, Role.PICKUP
AWAY = "SHIPPED RECEIVED RENEW_REQUESTED OVERDUE RECALLED SHIPPED_RETURN COMPLETED_WITHOUT_RETURN"
NEXT: Mapping[tuple[Role, str], str] = {
    (S, "WILL_SUPPLY"): "ship", (S, "CONDITION_ACCEPTED"): "ship",
    **{(S, state): "home" for state in AWAY.split()},
    (P, "ON_ITS_WAY"): "receive", (P, "UNWANTED"): "receive", (P, "NEVER_ARRIVED"): "receive",
    (P, "RECEIVED"): "shelve", (P, "RETURNED"): "send_on", (P, "UNCOLLECTED"): "send_on",
    (P, "DAMAGED"): "send_on", (P, "LOST"): "return",
}  # fmt: skip
DAMAGED = {"receive": "receive_damaged", "home": "home_damaged"}

READ = text("SELECT parties, is_parcel FROM read_scan(:tenant, NULL, :barcode)").columns(
    parties=JSONB(), is_parcel=Boolean()
)


class LentHere(Conflict):
    code = "lent_here"
    title = "This item is on loan here: take it back first"


async def scan(session: AsyncSession, directory: Directory, scan: Scan) -> list[Scanned]:
    """Do what is next with the book, or with every book of the parcel."""
    told = {"tenant": session.info["tenant"], "barcode": scan.barcode}
    row = (await session.execute(READ, told)).one()
    work = turn(session)
    found = [found_in(one) for one in row.parties or ()]
    due_now = found if row.is_parcel else next_of(found)
    if due_now:
        done = [await step(work, directory, one, scan.damaged) for one in due_now]
        await work.write()
        return done
    try:
        item = await with_barcode(session, scan.barcode)
    except NoSuchItem:
        return [await foreign(session, directory, scan)]
    if item.status == Status.WITHDRAWN:  # a guest that left, or it belongs to others by now
        return [await foreign(session, directory, scan)]
    return [await ours(session, item, found)]


def next_of(parties: list[Found]) -> list[Found]:
    """The party whose book this is, if a scan does anything with it."""
    ready = (one for one in parties if (one.party.role, one.party.state) in NEXT)
    return [one for one in ready if not waits_here(one)][:1]


def waits_here(found: Found) -> bool:
    """Whether its own branch lends it by the request: that needs no way home."""
    party = found.party
    return party.role is S and "here" in party.flags and NEXT[S, party.state] == "home"


async def step(work: Turn, directory: Directory, found: Found, damaged: bool) -> Scanned:
    """What is next with one book."""
    party = found.party
    if (party.role, party.state) not in NEXT:
        raise MoveRefused("A book of this parcel is not on its way.", state=party.state)
    verb = NEXT[party.role, party.state]
    if damaged:
        verb = DAMAGED.get(verb, verb)
    await work.act(found, verb, due(verb, work.now))
    view = PartyView.of(work.latest[found.party.key], directory)
    to = {"ship": view.pickup, "send_on": view.supplier}.get(verb)
    return Scanned(verb, view.barcode or "", title=view.title, party=view, send_to=to)


async def ours(session: AsyncSession, item: Any, parties: list[Found]) -> Scanned:
    """A book that lies here and that no step waits for: perhaps it has come home on its own."""
    if item.status == Status.LENT:
        raise LentHere("Scan it as a return: its loan is closed, and the request goes on.")
    if parties and item.request_id is not None:
        raise MoveRefused(
            "It waits for its reader.", state=parties[0].party.state, label=label(parties[0])
        )
    if item.status in {Status.OUT, Status.MISSING, Status.LOST}:
        if item.status == Status.OUT:
            await home_again(session, item)
        else:
            found_again(session, item)
        await session.execute(
            update(Transit)
            .where(Transit.barcode == item.barcode, Transit.received_at.is_(None))
            .values(received_at=now(), lost_at=None)
        )
    return Scanned("shelve", item.barcode)


def label(found: Found) -> str | None:
    told: str | None = found.party.facts.get("label")
    return told
