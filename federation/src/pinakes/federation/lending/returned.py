"""Our books that are given back elsewhere: their owner says where they go; see ``finder``."""

from dataclasses import dataclass
from uuid import UUID

import msgspec
from sqlalchemy import and_, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.federation.holds.rules import Returned, Route, route
from pinakes.federation.holds.targeting import First, first_in_line, keep_for
from pinakes.federation.lending.deciding import turn
from pinakes.federation.lending.events import ItemArrived, ItemSeen, SeenAnswered
from pinakes.federation.lending.model import Role
from pinakes.federation.lending.models import Transit
from pinakes.platform.audit import note
from pinakes.platform.clock import now
from pinakes.platform.db import uuid7
from pinakes.platform.messages import emit
from pinakes.tenants.circulation.elsewhere import Seen, give_away, seen_elsewhere
from pinakes.tenants.items.machine import Status
from pinakes.tenants.registry.settings import effective
from pinakes.tenants.registry.sharing import Float

ANY_KIND = "*"
PASSING = {"next_hold", "next_hold_here", "floats"}  # rules by which it need not come home first
type Moved = dict[str, str] | None  # under which record the finder keeps it, and as what
PROMISED = text("""
    SELECT pickup FROM commons.wanted WHERE request_id = :request AND offered_by = :here
""")
STOCK = text("""
    SELECT t.state = 'active' AS open, there.record_id AS record,
           coalesce(there.items, 0) AS copies
    FROM commons.tenant t
    LEFT JOIN commons.holding mine ON mine.tenant_id = t.id AND mine.record_id = :record
    LEFT JOIN LATERAL (
        SELECT h.record_id, h.items FROM commons.holding h
        WHERE h.tenant_id = :finder AND h.edition_id = mine.edition_id
        ORDER BY h.items DESC LIMIT 1) AS there ON true
    WHERE t.id = :owner
""")


async def seen(session: AsyncSession, event: ItemSeen, sender: int) -> None:
    """At the owner: a reader gave our book back elsewhere; whatever loan it was on is over."""
    here: int = session.info["tenant"]
    found = await seen_elsewhere(session, event.barcode, event.seen_at, damaged=event.damaged)
    if found is None:
        emit(session, SeenAnswered(about=event.about, title=None, send_to=None), to=sender)
        return
    way, moved = Route("goes_home", here), None
    if found.request is not None:
        way, moved = await on_request(session, found, event, sender)
    elif found.closed:
        way, moved = await onward(session, found, await way_of(session, found, event, sender))
    elif found.item.status == Status.WITHDRAWN:  # it was scanned twice, and stays
        way = Route("floats", sender)
    answer = SeenAnswered(
        about=event.about, title=found.title, send_to=way.to, rule=way.rule, moved=moved
    )
    emit(session, answer, to=sender)
    if found.back:
        emit(session, ItemArrived(about=event.about, barcode=event.barcode), to=sender)
    elif way.to is not None and way.to != sender:
        session.add(await leg(session, found, event, sender, way.to))


@dataclass(frozen=True, slots=True)
class Way:
    """Where a book goes from its finder, for whom, and under which record it would stay there."""

    finder: int
    route: Route
    first: First | None
    record: UUID | None


async def way_of(session: AsyncSession, found: Seen, event: ItemSeen, sender: int) -> Way:
    """Home, to the next who waits, or to stay: by rule."""
    item, here = found.item, session.info["tenant"]
    told = {"owner": here, "finder": sender, "record": item.record_id}
    stock = (await session.execute(STOCK, told)).one()
    kinds = msgspec.convert((await effective(session, here, "item.float")).value, Float)
    first = None
    if not event.damaged:
        first = await first_in_line(session, item.record_id, item.id, item.kind, sender)
    returned = Returned(
        here=sender,
        owner=here,
        owner_open=stock.open,
        damaged=event.damaged,
        wanted_at=first.pickup if first else None,
        floats=bool({item.kind, ANY_KIND} & set(kinds.items)) and stock.record is not None,
        copies_here=stock.copies,
        most_here=kinds.most,
    )
    return Way(sender, route(returned), first, stock.record)


async def onward(session: AsyncSession, found: Seen, way: Way) -> tuple[Route, Moved]:
    """Let it go where it goes. What stays is told, for the finder's stock."""
    item, here = found.item, session.info["tenant"]
    to, first = way.route.to, way.first
    if way.route.rule == "floats":
        give_away(session, item)
        moved = {"record": str(way.record), "kind": item.kind, "call_number": item.call_number}
        return way.route, moved
    if first is not None and first.pickup != here and to == first.pickup:
        await promise(session, found, first, way.route.rule)
    return way.route, None


async def promise(session: AsyncSession, found: Seen, first: First, rule: str) -> None:
    """Keep it for the request, which will ask for it; see ``deciding.reserve``."""
    found.item.request_id = first.request
    note(session, "item.promise", found.item.id, result=rule)
    await keep_for(session, found.item.record_id, first, rule)


async def leg(session: AsyncSession, found: Seen, event: ItemSeen, finder: int, to: int) -> Transit:
    """Its way from there: once it has arrived, the finder is told so, and behind our answer.

    What the finder scans anew has not left in the parcel that it was in before.
    """
    await session.execute(
        update(Transit)
        .where(Transit.barcode == event.barcode, Transit.from_id == finder)
        .where(Transit.party_id.is_(None), Transit.received_at.is_(None))
        .values(received_at=now(), lost_at=None)
    )
    told_before = await session.get(Transit, (found.item.tenant_id, event.about))
    return Transit(
        id=uuid7() if told_before else event.about,
        leg="home" if to == found.item.tenant_id else "on",
        from_id=finder,
        to_id=to,
        barcode=found.item.barcode,
        title=found.title or "",
        parcel=event.parcel or None,
        shipped_at=now(),
    )


async def on_request(
    session: AsyncSession, seen: Seen, event: ItemSeen, sender: int
) -> tuple[Route, Moved]:
    """The supplier's step; a book that is merely faster than its message stays where it is."""
    assert seen.request is not None  # noqa: S101  (its caller has looked)
    work = turn(session)
    found = await work.find(seen.request, Role.SUPPLIER)
    if found is None:
        return await on_promise(session, seen, event, sender)
    if found.party.state == "SHIPPED":
        if found.party.pickup == sender:
            return Route("on_request", sender), None
        if await is_still_there(session, event.barcode, sender, found.party.pickup):
            return Route("next_hold", found.party.pickup), None
    way = await way_of(session, seen, event, sender)
    facts = {"seen_at": int(event.seen_at.timestamp()), "seen_by": sender}
    passes = way.route.rule in PASSING and way.route.to != work.here
    if found.party.pickup == sender and way.route.to != sender:
        return Route("on_request", work.here), None  # it is sent on from there by its own step
    moved = await work.happen(found, "passed_on" if passes else "found", facts)
    await work.write()
    if not passes or not moved:
        return Route("on_request", work.here), None
    await session.refresh(seen.item)
    return await onward(session, seen, way)


async def on_promise(
    session: AsyncSession, seen: Seen, event: ItemSeen, sender: int
) -> tuple[Route, Moved]:
    """It goes to the request, which has not asked for it yet; or that is wanted no longer."""
    told = {"request": seen.request, "here": session.info["tenant"]}
    pickup = await session.scalar(PROMISED, told)
    if pickup is not None and not event.damaged:
        return Route("next_hold_here" if pickup == sender else "next_hold", pickup), None
    seen.item.request_id = None
    return await onward(session, seen, await way_of(session, seen, event, sender))


async def is_still_there(session: AsyncSession, barcode: str, finder: int, to: int) -> bool:
    """Whether the finder was to send our book on, and it has not arrived: a hand scans it again."""
    onward = and_(Transit.leg == "on", Transit.from_id == finder, Transit.to_id == to)
    ways = select(Transit.id).where(Transit.barcode == barcode, onward)
    return await session.scalar(ways.where(Transit.received_at.is_(None)).limit(1)) is not None
