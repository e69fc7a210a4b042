"""One scan at a desk: the next step of what the book is in; or whose it is, and where it goes."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any, TypedDict

from sqlalchemy import Boolean, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.federation.lending.acting import PACKED
from pinakes.federation.lending.deciding import turn
from pinakes.federation.lending.finder import foreign, refuse_several
from pinakes.federation.lending.model import Role
from pinakes.federation.lending.party import MoveRefused
from pinakes.federation.lending.rows import Found, found_in
from pinakes.federation.lending.schemas import PartyView, Scan, Scanned
from pinakes.federation.lending.service import due
from pinakes.federation.lending.turn import Turn
from pinakes.platform.clock import now
from pinakes.platform.db import driver, uuid7
from pinakes.platform.directory import Directory
from pinakes.platform.errors import Conflict
from pinakes.platform.language import later
from pinakes.tenants.items.machine import Action, Status, move

S, P = Role.SUPPLIER, Role.PICKUP
AWAY = "SHIPPED RECEIVED RENEW_REQUESTED OVERDUE RECALLED SHIPPED_RETURN COMPLETED_WITHOUT_RETURN"
NEXT: Mapping[tuple[Role, str], str] = {
    (S, "WILL_SUPPLY"): "ship", (S, "CONDITION_ACCEPTED"): "ship",
    **{(S, state): "home" for state in AWAY.split()},
    (P, "ON_ITS_WAY"): "receive", (P, "UNWANTED"): "receive", (P, "NEVER_ARRIVED"): "receive",
    (P, "RECEIVED"): "shelve", (P, "RETURNED"): "send_on", (P, "UNCOLLECTED"): "send_on",
    (P, "DAMAGED"): "send_on", (P, "LOST"): "return",
}  # fmt: skip
PUT_BACK = "put_back"  # where nothing else is next
ASTRAY = {Status.OUT, Status.MISSING, Status.LOST}
AGAIN: Mapping[tuple[Role, str], str] = {(S, "SHIPPED"): "ship", (P, "SENT_ON"): "send_on"}
SAME_HAND = timedelta(minutes=10)  # no van is back by then: the same hand has scanned twice
DAMAGED = {"receive": "receive_damaged", "home": "home_damaged"}

READ = text("SELECT parties, is_parcel, loose FROM read_scan(:tenant, NULL, :barcode)").columns(
    parties=JSONB(), is_parcel=Boolean(), loose=JSONB()
)
BOOKS = "SELECT lending_books($1, $2)"


class Loose(TypedDict):
    """A book of ours in a parcel, on no request, and which branch has sent it."""

    barcode: str
    sender: int


class Book(TypedDict):
    """What bears a barcode here, if anything does, and who has such a book: ``lending_books``."""

    barcode: str
    parties: list[dict[str, Any]] | None
    item: str | None
    version: int | None
    status: str | None
    request: str | None
    owners: list[int] | None


type Look = Callable[[Sequence[str], int | None], Awaitable[list[Book]]]  # barcodes, named owner


class ParcelOfSeveral(Conflict):
    code = "parcel_of_several"
    title = "Several branches have sent a parcel with this number"


class LentHere(Conflict):
    code = "lent_here"
    title = "This item is on loan here: take it back first"


async def scan(session: AsyncSession, directory: Directory, scan: Scan) -> list[Scanned]:
    """Do what is next with the book, or with every book of the parcel."""
    work = turn(session)
    row = (await session.execute(READ, {"tenant": work.here, "barcode": scan.barcode})).one()

    async def look(barcodes: Sequence[str], named: int | None) -> list[Book]:
        found: list[Book] = await (await driver(session)).fetchval(BOOKS, barcodes, named)
        return found

    done = await scanned(work, directory, scan, row, look)
    await work.write()
    return done


async def scanned(
    work: Turn, directory: Directory, scan: Scan, row: Any, look: Look
) -> list[Scanned]:
    """The same on either road; *row*: what ``read_scan`` has found."""
    loose = row.loose or ()
    found = meant([found_in(one) for one in row.parties or ()], directory, scan, loose)
    if not row.is_parcel:
        return [await one_book(work, directory, scan, found, look)]
    done = [await step(work, directory, one, scan) for one in found]
    taken = {one.party.facts.get("barcode") for one in found}
    rest = [one for one in from_sender(loose, directory, scan) if one not in taken]
    owner = directory.ids[work.here].code
    for book in await look(rest, work.here) if rest else ():
        one = Scan(book["barcode"], owner=owner, damaged=scan.damaged)
        parties = meant([found_in(one) for one in book["parties"] or ()], directory, one)
        done.append(
            await next_with(work, directory, one, parties)
            or stray(work, directory, one, book, parties)
        )
    return done


async def one_book(
    work: Turn, directory: Directory, scan: Scan, parties: list[Found], look: Look
) -> Scanned:
    """Do what is next with one book, of which *parties* is all that it has to do with here."""
    done = await next_with(work, directory, scan, parties)
    if done is not None:
        return done
    named = directory.coded(scan.owner).id if scan.owner else None
    [book] = await look([scan.barcode], named)
    return stray(work, directory, scan, book, parties)


async def next_with(
    work: Turn, directory: Directory, scan: Scan, parties: list[Found]
) -> Scanned | None:
    """The step that waits for this book; none does."""
    due_now = next_of(parties)
    return await step(work, directory, due_now[0], scan) if due_now else None


def stray(
    work: Turn, directory: Directory, scan: Scan, book: Book, parties: list[Found]
) -> Scanned:
    """A book that no step waits for: another branch's, or ours."""
    status, owners = book["status"], book["owners"] or ()
    another = scan.owner is not None and directory.coded(scan.owner).id != work.here
    if status in {None, Status.WITHDRAWN} or another:  # a guest that left, or others' by now
        return foreign(work, directory, scan, owners)
    if scan.owner is None:
        refuse_several(directory, owners)
    return ours(work, book, parties)


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
    due_now = [one for one in ready if not waits_here(one)][:1]
    return due_now or [one for one in parties if PUT_BACK in one.party.acts][:1]


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
        verb = PUT_BACK if PUT_BACK in party.acts else NEXT.get(key_of(found))
        if verb is None:
            raise MoveRefused("A book of this parcel is not on its way.", state=party.state)
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


def ours(work: Turn, book: Book, parties: list[Found]) -> Scanned:
    """A book that lies here and that no step waits for: perhaps it has come home on its own.

    Raises:
        LentHere: its loan is to be closed first.
        MoveRefused: it waits for its reader.
    """
    if book["status"] == Status.LENT:
        raise LentHere(later("Scan it as a return: its loan is closed, and the request goes on."))
    if parties and book["request"] is not None:
        raise MoveRefused(
            later("It waits for its reader."),
            state=parties[0].party.state,
            label=label(parties[0]),
        )
    work.books.append({"barcode": book["barcode"], **found_again(book)})
    return Scanned("shelve", book["barcode"])


def found_again(book: Book) -> dict[str, Any]:
    """How it comes onto the shelf, if it had gone astray."""
    if book["status"] not in ASTRAY:
        return {}
    home = book["status"] == Status.OUT
    return {
        "item": book["item"],
        "version": book["version"],
        "status": move(Status(book["status"]), Action.COME_HOME if home else Action.SHELVE),
        "operation": "item.home" if home else "item.shelve",
        "subject": book["item"],
        "result": "done",
        "audit": uuid7(),
    }


def label(found: Found) -> str | None:
    told: str | None = found.party.facts.get("label")
    return told
