"""One scan at a desk: the next step of what the book is in; or whose it is, and where it goes."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, TypedDict

from sqlalchemy import Boolean, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.federation.lending.acting import PACKED
from pinakes.federation.lending.deciding import turn
from pinakes.federation.lending.finder import foreign, forget, owners_of, refuse_several
from pinakes.federation.lending.model import Role
from pinakes.federation.lending.models import Arrival
from pinakes.federation.lending.party import MoveRefused
from pinakes.federation.lending.returned import came_home
from pinakes.federation.lending.rows import Found, found_in
from pinakes.federation.lending.schemas import PartyView, Scan, Scanned
from pinakes.federation.lending.service import due
from pinakes.federation.lending.turn import Turn
from pinakes.platform.clock import now
from pinakes.platform.directory import Directory
from pinakes.platform.errors import Conflict
from pinakes.platform.language import later
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
ASTRAY = {Status.OUT, Status.MISSING, Status.LOST}
AGAIN: Mapping[tuple[Role, str], str] = {(S, "SHIPPED"): "ship", (P, "SENT_ON"): "send_on"}
SAME_HAND = timedelta(minutes=10)  # no van is back by then: the same hand has scanned twice
DAMAGED = {"receive": "receive_damaged", "home": "home_damaged"}

READ = text("SELECT parties, is_parcel, loose FROM read_scan(:tenant, NULL, :barcode)").columns(
    parties=JSONB(), is_parcel=Boolean(), loose=JSONB()
)


class Loose(TypedDict):
    """A book of ours in a parcel, on no request, and which branch has sent it."""

    barcode: str
    sender: int


class ParcelOfSeveral(Conflict):
    code = "parcel_of_several"
    title = "Several branches have sent a parcel with this number"


class LentHere(Conflict):
    code = "lent_here"
    title = "This item is on loan here: take it back first"


async def scan(session: AsyncSession, directory: Directory, scan: Scan) -> list[Scanned]:
    """Do what is next with the book, or with every book of the parcel."""
    here: int = session.info["tenant"]
    row = (await session.execute(READ, {"tenant": here, "barcode": scan.barcode})).one()
    loose = row.loose or ()
    found = meant([found_in(one) for one in row.parties or ()], directory, scan, loose)
    if not row.is_parcel:
        return await book(session, directory, scan, found)
    done = await steps(session, directory, found, scan)
    for barcode in from_sender(loose, directory, scan):
        one = Scan(barcode, owner=directory.ids[here].code, damaged=scan.damaged)
        told = (await session.execute(READ, {"tenant": here, "barcode": barcode})).one()
        parties = meant([found_in(one) for one in told.parties or ()], directory, one)
        done += await book(session, directory, one, parties)
    return done


async def steps(
    session: AsyncSession, directory: Directory, due_now: list[Found], scan: Scan
) -> list[Scanned]:
    """What is next with each of these."""
    work = turn(session)
    done = [await step(work, directory, one, scan) for one in due_now]
    await work.write()
    return done


async def book(
    session: AsyncSession, directory: Directory, scan: Scan, found: list[Found]
) -> list[Scanned]:
    """Do what is next with one book, of which *found* is all that it has to do with here."""
    due_now = next_of(found)
    if due_now:
        return await steps(session, directory, due_now, scan)
    try:
        item = await with_barcode(session, scan.barcode)
    except NoSuchItem:
        return [await foreign(session, directory, scan)]
    another = scan.owner is not None and directory.coded(scan.owner).id != session.info["tenant"]
    if item.status == Status.WITHDRAWN or another:  # a guest that left, or others' by now
        return [await foreign(session, directory, scan)]
    if scan.owner is None and item.status not in ASTRAY and item.request_id is None:
        refuse_several(await owners_of(session, directory, scan.barcode))
    return [await ours(session, item, found)]


def meant(
    parties: list[Found], directory: Directory, scan: Scan, loose: Sequence[Loose] = ()
) -> list[Found]:
    """Those whose book is of the branch that the scan names, or whose parcel it has sent.

    Raises:
        ParcelOfSeveral: *scan* has to name the sender.
    """
    if scan.owner:
        named = directory.coded(scan.owner).id
        return [one for one in parties if (one.sender or one.party.supplier) == named]
    senders = {one.sender for one in parties if one.sender is not None}
    senders |= {one["sender"] for one in loose}
    if len(senders) > 1:
        codes = sorted(directory.ids[sender].code for sender in senders)
        raise ParcelOfSeveral("Say who sent it, as `owner`.", owners=codes)
    return parties


def from_sender(loose: Sequence[Loose], directory: Directory, scan: Scan) -> list[str]:
    """Barcodes of our books in the parcel that are on no request; see ``meant``."""
    named = directory.coded(scan.owner).id if scan.owner else None
    return [one["barcode"] for one in loose if named in {None, one["sender"]}]


def next_of(parties: list[Found]) -> list[Found]:
    """The party whose book this is, if a scan does anything with it."""
    ready = (one for one in parties if key_of(one) in NEXT or again(one))
    return [one for one in ready if not waits_here(one)][:1]


def key_of(found: Found) -> tuple[Role, str]:
    return found.party.role, found.party.state


def waits_here(found: Found) -> bool:
    """Whether its own branch lends it by the request: that needs no way home."""
    return "here" in found.party.flags and NEXT.get(key_of(found)) == "home"


async def step(work: Turn, directory: Directory, found: Found, scan: Scan) -> Scanned:
    """What is next with one book."""
    party = found.party
    verb = again(found)
    if verb is None:
        if key_of(found) not in NEXT:
            raise MoveRefused("A book of this parcel is not on its way.", state=party.state)
        verb = NEXT[key_of(found)]
        if scan.damaged:
            verb = DAMAGED.get(verb, verb)
        packed = {"parcel": scan.parcel} if scan.parcel and verb in PACKED else {}
        await work.act(found, verb, due(verb, work.now) | packed)
    view = PartyView.of(work.latest.get(party.key, found), directory)
    to = {"ship": view.pickup, "send_on": view.supplier}.get(verb)
    return Scanned(verb, view.barcode or "", title=view.title, party=view, send_to=to)


def again(found: Found) -> str | None:
    """Its last step, if that is so fresh that no other can be meant; by hand it can be taken."""
    fresh = found.since is not None and now() - found.since < SAME_HAND
    return AGAIN.get(key_of(found)) if fresh else None


async def ours(session: AsyncSession, item: Any, parties: list[Found]) -> Scanned:
    """A book that lies here and that no step waits for: perhaps it has come home on its own."""
    if item.status == Status.LENT:
        raise LentHere(later("Scan it as a return: its loan is closed, and the request goes on."))
    if parties and item.request_id is not None:
        raise MoveRefused(
            later("It waits for its reader."),
            state=parties[0].party.state,
            label=label(parties[0]),
        )
    if item.status in ASTRAY:
        if item.status == Status.OUT:
            await home_again(session, item)
        else:
            found_again(session, item)
    await came_home(session, item.barcode)
    await forget(session, Arrival.barcode == item.barcode, Arrival.send_to == item.tenant_id)
    return Scanned("shelve", item.barcode)


def label(found: Found) -> str | None:
    told: str | None = found.party.facts.get("label")
    return told
