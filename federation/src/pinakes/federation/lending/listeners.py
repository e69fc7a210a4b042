"""What a branch does when another party, or its own desk, tells it about a request."""

from collections.abc import Mapping
from dataclasses import replace as changed
from typing import Any

import msgspec
from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.federation.holds import service as holds
from pinakes.federation.holds.events import CopyFree
from pinakes.federation.lending import finder, returned
from pinakes.federation.lending.deciding import ask, refused, turn, wish_of
from pinakes.federation.lending.events import (
    ItemArrived,
    ItemSeen,
    PartyTold,
    SeenAnswered,
    WaitChanged,
)
from pinakes.federation.lending.facts import checked
from pinakes.federation.lending.model import Role, model, speakers
from pinakes.federation.lending.models import PartyRow, Request
from pinakes.federation.lending.party import born
from pinakes.federation.lending.recalling import tell_holder
from pinakes.federation.lending.rows import SHELVING, Found, Sought, fresh
from pinakes.federation.lending.turn import Turn
from pinakes.platform.messages import Event, Heard, Message, emit
from pinakes.tenants.circulation.events import KeptLent, KeptReturned
from pinakes.tenants.items.events import ItemsChanged
from pinakes.tenants.readers.events import MayBorrow

FIRST = {Role.SUPPLIER: {"Request"}, Role.PICKUP: {"Expect", "Coming", "Unwanted"}}
REASONS = ("supplier", "record", "rule", "ranked_by", "considered")  # of an offer
EMPTY = text("""
    SELECT DISTINCT supplier_id, (facts ->> 'record')::uuid FROM request_party
    WHERE request_id = :request AND role = 'requester' AND facts ->> 'by_itself' = 'true'
""")
SHELF = text("SELECT lending_shelf() AS shelf").columns(shelf=JSONB())


async def heard(session: AsyncSession, messages: Heard[Event]) -> None:
    """What other parties, and our own desk, have to tell our parties; all of it in one turn."""
    work = turn(session)
    await work.look(sought(event) for event, _ in messages)
    for event, message in messages:
        await hear(work, event, message)
    await work.write()


async def hear(work: Turn, event: Event, message: Message) -> None:
    """What one message says to the party that it is for."""
    if isinstance(event, PartyTold):
        await told(work, event, message)
    elif isinstance(event, CopyFree):
        await copy_free(work, event)
    else:
        await at_pickup(work, event)


def sought(event: Event) -> Sought:
    """Which of our parties hears this."""
    if isinstance(event, PartyTold):
        return Sought(event.about, Role(event.role), event.attempt)
    if isinstance(event, CopyFree):
        return Sought(event.about, Role.REQUESTER)
    assert isinstance(event, KeptLent | KeptReturned)  # noqa: S101  (see the feature's listeners)
    return Sought(event.about, Role.PICKUP, item=event.item)


async def told(work: Turn, event: PartyTold, message: Message) -> None:
    """One step of our party; nothing when whoever speaks is no party to it."""
    found = await work.find(*sought(event))
    if found is None:
        found = newborn(work, event, Role(event.role))
        if found is not None and event.signal in SHELVING:
            found = changed(found, shelf=await shelf(work))
    if found is not None and speaks(found, event.signal, message.sender):
        carried = model(found.party.model).carries.get(event.signal, ())
        facts = {name: fact for name, fact in event.facts.items() if name in carried}
        await work.happen(found, event.signal, checked(facts))


async def shelf(work: Turn) -> Mapping[str, Any]:
    """How long our hold shelf keeps a book; looked up once a turn."""
    if "shelf" not in work.memo:
        work.memo["shelf"] = await work.session.scalar(SHELF)
    found: Mapping[str, Any] = work.memo["shelf"]
    return found


async def at_pickup(work: Turn, event: Event) -> None:
    """Our desk has lent what was kept for a request, or has taken it back."""
    found = await work.find(*sought(event))
    if found is None:
        return
    if isinstance(event, KeptLent):
        await work.happen(found, "lend", {"loan_due": int(event.due_at.timestamp())})
    elif isinstance(event, KeptReturned):
        given_back = int(event.returned_at.timestamp())
        await work.happen(found, "return", {"given_back_at": given_back})
        if found.awaited:
            offer(work, found, event)


def offer(work: Turn, found: Found, event: KeptReturned) -> None:
    """Ask the owner whether it may stay for the next reader who collects here."""
    seen_at, barcode = event.returned_at, found.party.facts.get("barcode", "")
    work.tell(ItemSeen(about=event.about, barcode=barcode, seen_at=seen_at), found.party.supplier)


def newborn(work: Turn, event: PartyTold, role: Role) -> Found | None:
    """A party at its first message; later ones of what we do not know say nothing to us."""
    here = {Role.SUPPLIER: event.supplier, Role.PICKUP: event.pickup}.get(role)
    if event.signal not in FIRST.get(role, set()) or here != work.here:
        return None
    return fresh(
        born(
            role,
            event.about,
            event.attempt,
            event.home,
            event.pickup,
            event.supplier,
            service=event.service,
            model=event.model,
            flags=frozenset(event.flags),
        )
    )


def speaks(found: Found, signal: str, sender: int) -> bool:
    """Whether the sender is a party that may say this to ours."""
    party = found.party
    branches = {
        Role.REQUESTER: party.home,
        Role.SUPPLIER: party.supplier,
        Role.PICKUP: party.pickup,
    }
    return sender in {branches[role] for role in speakers(party.model, party.role, signal)}


async def copy_free(work: Turn, event: CopyFree) -> None:
    """A copy has come free for a request of ours that waits: ask for it."""
    found = await work.find(*sought(event))
    if found is None:
        return
    if found.barred and await work.happen(found, "invalid"):
        return
    if found.party.state == "WAITING":
        told = {name: getattr(event, name) for name in REASONS}
        chosen = changed(found, reasons=msgspec.to_builtins(told))
        await ask(work, chosen, event.supplier, event.record)
    else:
        work.tell(WaitChanged(about=event.about))  # the copy is somebody else's


async def wait_changed(session: AsyncSession, event: WaitChanged, message: Message) -> None:
    """Bring the public queue up to what our row says now; said twice it changes nothing."""
    work = turn(session)
    found = await work.find(event.about, Role.REQUESTER)
    if found is None:
        return
    if found.party.state == "WAITING":
        wish = wish_of(found.party)
        await holds.want(session, wish, await refused(work, found.party))
        await look_at_shelves(session, found)
        await tell_holder(session, wish)
    else:
        filled = not found.party.over and found.party.supplier is not None
        await holds.unwant(session, event.about, filled=filled)


async def look_at_shelves(session: AsyncSession, found: Found) -> None:
    """Let those who had no copy look whether one has come back before they knew that we wait."""
    for supplier, record in await session.execute(EMPTY, {"request": found.party.request}):
        emit(session, ItemsChanged(about=record, records=[record]), to=supplier)


async def may_borrow(session: AsyncSession, event: MayBorrow, message: Message) -> None:
    """Requests that rested while their reader could not borrow go on, if he can."""
    resting = select(PartyRow.request_id).join(Request, Request.id == PartyRow.request_id)
    mine = resting.where(
        Request.person_id == event.about, ~Request.over, PartyRow.state == "INVALID_PATRON"
    )
    work = turn(session)
    for request in (await session.scalars(mine)).all():
        found = await work.find(request, Role.REQUESTER)
        if found is not None and not found.barred:
            await work.happen(found, "look_again")
    await work.write()


async def item_seen(session: AsyncSession, event: ItemSeen, message: Message) -> None:
    await returned.seen(session, event, message.sender)


async def item_arrived(session: AsyncSession, event: ItemArrived, message: Message) -> None:
    await finder.settled(session, event, message.sender, message.created_at)


async def seen_answered(session: AsyncSession, event: SeenAnswered, message: Message) -> None:
    await finder.answered(session, event, message.sender)
