"""Books of other branches that are given back here: their owner says where they go."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import and_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql import ColumnElement

from pinakes.federation.holds.rules import Returned, route
from pinakes.federation.lending.events import ItemArrived, ItemSeen, SeenAnswered
from pinakes.federation.lending.models import Arrival
from pinakes.federation.lending.schemas import Scan, Scanned
from pinakes.federation.lending.turn import Turn
from pinakes.platform.audit import note
from pinakes.platform.clock import now
from pinakes.platform.db import uuid7
from pinakes.platform.directory import Directory, Tenant
from pinakes.platform.errors import Conflict, NotFound, Problem
from pinakes.platform.identity import ANYONE
from pinakes.platform.language import later
from pinakes.tenants.circulation.elsewhere import take_over
from pinakes.tenants.items.schemas import NewItem
from pinakes.tenants.readers.misses import MISSES, Misses


class TooManyForeign(Problem):
    """`retry_after` says in how many seconds to come back."""

    code = "too_many_foreign"
    status = 429
    title = "Too many books of other branches in one minute"


FOREIGN = Misses(most=120, refusal=TooManyForeign)  # no hand is faster: each ends another's loan


class NoSuchArrival(NotFound):
    code = "no_such_arrival"
    title = "No book was left here under this number"


class StillAsked(Conflict):
    code = "still_asked"
    title = "Its owner has not said yet where it goes"


class ItemOfSeveral(Conflict):
    code = "item_of_several"
    title = "Several branches have an item with this barcode"


def foreign(work: Turn, directory: Directory, scan: Scan, owners: Sequence[int]) -> Scanned:
    """A book of another branch: its owner is told, and says where it goes.

    *owners*: all branches that have a book with its barcode, ours among them.

    Raises:
        ItemOfSeveral: *scan* has to name the owner.
        TooManyForeign, TooManyMisses: somebody types barcodes to end the loans of others.
    """
    asker = work.asker or ANYONE
    for counted in (FOREIGN, MISSES):
        counted.check(asker.subject, work.here)
    owner = owner_of(work.here, directory, scan, owners)
    arrival = arriving(scan, owner, work.here)
    (FOREIGN if owner else MISSES).count(asker.subject, work.here)
    seen = {"operation": "item.seen", "subject": arrival["id"], "result": arrival["state"]}
    work.books.append({"barcode": scan.barcode, "left": arrival, "audit": uuid7(), **seen})
    if owner is None:
        return Scanned("unknown", scan.barcode)
    event = ItemSeen(
        about=arrival["id"],
        barcode=scan.barcode,
        seen_at=now(),
        damaged=scan.damaged,
        parcel=scan.parcel,
    )
    work.tell(event, owner.id)
    return Scanned("found", scan.barcode, owner=owner.code, send_to=owner.code)


def arriving(scan: Scan, owner: Tenant | None, here: int) -> dict[str, Any]:
    """The row of a book that is left here, while we know no more than the scan says."""
    return {
        "id": uuid7(),
        "owner_id": owner.id if owner else None,
        "state": "asked" if owner else "unknown",
        "rule": None if owner else route(Returned(here=here, owner=None)).rule,
        "parcel": scan.parcel or None,
    }


def owner_of(here: int, directory: Directory, scan: Scan, owners: Sequence[int]) -> Tenant | None:
    """The other branch whose book it is, if any knows it; or ItemOfSeveral."""
    others = [one for one in owners if one != here]
    if scan.owner is not None:
        others = [one for one in others if one == directory.coded(scan.owner).id]
    refuse_several(directory, others)
    return directory.ids[others[0]] if others else None


def refuse_several(directory: Directory, owners: Sequence[int]) -> None:
    """Nobody but whoever has the book in hand can say whose it is."""
    if len(owners) > 1:
        codes = sorted(directory.ids[one].code for one in owners)
        raise ItemOfSeveral("Say whose it is, as `owner`.", owners=codes)


async def forget(session: AsyncSession, *those: ColumnElement[bool]) -> None:
    """Nothing is left to do here with these, and no parcel of ours has them any more.

    What we still ask about stays: we may be given it.
    """
    left = update(Arrival).where(Arrival.state != "asked", *those)
    await session.execute(left.values(state="settled", parcel=None))


async def settled(session: AsyncSession, event: ItemArrived, sender: int, at: datetime) -> None:
    """At a finder: what was left here before is where it was to go."""
    theirs = and_(Arrival.owner_id == sender, Arrival.barcode == event.barcode)
    await forget(session, theirs, Arrival.created_at < at)


async def put_away(session: AsyncSession, id: UUID) -> None:
    """At a finder: a hand says that it has been sent, or stands where it belongs."""
    row = await session.get(Arrival, (session.info["tenant"], id))
    if row is None:
        raise NoSuchArrival(later("Look at the list of problems."))
    if row.state == "asked":
        raise StillAsked(later("Try again in a moment."))
    row.state = "settled"
    note(session, "item.put_away", id)


async def answered(session: AsyncSession, event: SeenAnswered, sender: int) -> None:
    """At the finder: the owner has said, once, what it is and where it goes, or that it stays."""
    mine = (Arrival.id == event.about, Arrival.owner_id == sender, Arrival.state == "asked")
    barcode = await session.scalar(select(Arrival.barcode).where(*mine))
    if barcode is None:
        return
    known = event.send_to is not None
    same = and_(Arrival.owner_id == sender, Arrival.barcode == barcode)
    await forget(session, same, Arrival.id < event.about)  # the hand has scanned it again since
    await session.execute(
        update(Arrival)
        .where(*mine)
        .values(
            state="known" if known else "unknown",
            title=event.title,
            send_to=event.send_to,
            rule=event.rule,
        )
    )
    if event.moved is not None:
        moved = event.moved
        book = NewItem(UUID(moved["record"]), barcode, moved["kind"], moved["call_number"])
        await take_over(session, sender, book)
