"""Effects that decide something: whom to ask, what to answer, which copy to take."""

from collections.abc import Mapping
from dataclasses import replace as changed
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from msgspec.structs import replace
from sqlalchemy import bindparam, select, text
from sqlalchemy.dialects.postgresql import JSONB

from pinakes.federation.holds.choosing.service import Nobody, Wish, choose
from pinakes.federation.holds.events import Step as Progress
from pinakes.federation.holds.rules import ReaderBarred
from pinakes.federation.lending.events import ReaderConcerned, WaitChanged
from pinakes.federation.lending.model import Role
from pinakes.federation.lending.models import PartyRow
from pinakes.federation.lending.party import DAY, Party, asking, following
from pinakes.federation.lending.rows import Found, fresh, knowing
from pinakes.federation.lending.turn import Decision, Turn
from pinakes.platform.language import later
from pinakes.tenants.registry.settings import effective

NOTED = ("title", "pickup_code", "collect_by", "due")  # what a notice to the reader may tell
AWAY = "out"  # of an item's status
LACKING = "NotHeld"  # why a branch cannot supply what it is asked for by name
THEIRS = {"wanted_owner", "wanted_record", "wanted_item"}
LOAN_DAYS = 60  # that a supplier gives; the pickup branch's own rules may say less
RENEWALS = 2

FREE = (
    text("""
    SELECT lending_free(:record, :item, :fits, :request, CAST(:taken AS uuid[])) AS copy
""")
    .bindparams(bindparam("fits", type_=JSONB(none_as_null=True)))
    .columns(copy=JSONB())
)
LENT = text("SELECT EXISTS (SELECT FROM commons.copy_shown(:here, :record, :item))")
WAITING = text("SELECT count(*) FROM commons.wanted WHERE edition_id = :edition")


def wish_of(party: Party) -> Wish:
    """What choosing and waiting need to know; no reader."""
    facts = party.facts
    return Wish(
        request=party.request,
        home=party.home,
        pickup=party.pickup,
        edition=as_id(facts.get("edition")),
        owner=facts.get("wanted_owner"),
        record=as_id(facts.get("wanted_record")),
        item=as_id(facts.get("wanted_item")),
        needed_by=as_day(facts.get("needed_by")),
        fits=facts.get("fits", {}),
    )


def as_id(told: str | None) -> UUID | None:
    return UUID(str(told)) if told else None


def as_day(moment: int | None) -> date | None:
    return datetime.fromtimestamp(moment, UTC).date() if moment else None


async def refused(turn: Turn, party: Party) -> list[int]:
    """Who has been asked for this wish before; nobody, where it begins.

    Who lacked one copy of its own that was wanted may have another, once any copy will do.
    """
    before = set[int | None](turn.memo.get("asked", ()))
    if party.attempt > 1 and "asked" not in turn.memo:
        asked = select(PartyRow.supplier_id).where(
            PartyRow.request_id == party.request,
            PartyRow.role == Role.REQUESTER,
            PartyRow.attempt < party.attempt,
            PartyRow.facts.has_key("wanted_owner") == ("wanted_owner" in party.facts),
        )
        before |= set(await turn.session.scalars(asked))
    in_turn = {
        one.party.supplier
        for (request, _, _), one in turn.latest.items()
        if request == party.request and one.party.supplier is not None
    }
    return sorted(one for one in before | in_turn if one is not None)


async def ask_best(turn: Turn, found: Found) -> None:
    """Choose whom to ask, and ask; or let it wait. Nobody is asked for who may not borrow."""
    if found.barred and await turn.happen(found, "invalid"):
        return
    wish = replace(wish_of(found.party), refused=await refused(turn, found.party))
    if turn.choosing is not None:
        chosen = await turn.choosing(wish)
    else:
        chosen = await choose(turn.session, wish, wish.refused)
    found = changed(found, reasons=chosen.reasons)
    if isinstance(chosen, Nobody):
        await turn.happen(found, "nobody")
        return
    await ask(turn, found, chosen.supplier, chosen.record)


async def ask(turn: Turn, found: Found, supplier: int, record: UUID) -> None:
    """Ask this branch for what it holds under that record; the reader's note goes along."""
    asked = changed(found, party=asking(found.party, supplier))
    note = found.party.facts.get("reader_note")
    await turn.happen(asked, "chosen", {"record": str(record)} | ({"note": note} if note else {}))


async def ask_next(turn: Turn, found: Found) -> None:
    """Another attempt at the same wish.

    Where the one branch whose copy or record is wanted has none, the staff look for the title.
    """
    party = following(found.party)
    lacking = found.party.facts.get("reason") == LACKING and "wanted_owner" in party.facts
    if lacking:
        facts = {name: told for name, told in party.facts.items() if name not in THEIRS}
        party = replace(party, facts=facts)
    after = changed(fresh(party), barred=found.barred)
    await turn.happen(after, "unknown_title" if lacking else "valid")


async def ask_again(turn: Turn, found: Found) -> None:
    """Another attempt with the same supplier, which said when or how it could.

    Raises:
        ReaderBarred: its reader may not borrow.
    """
    refuse_barred(found)
    party = found.party
    again = knowing(fresh(following(party)), again=True)
    record = as_id(party.facts.get("record"))
    assert party.supplier is not None and record is not None  # noqa: PT018, S101  (it has answered)
    ready = changed(again, party=replace(again.party, state="VALIDATED"))
    await ask(turn, ready, party.supplier, record)


async def look_again(turn: Turn, found: Found) -> None:
    """Go on for a reader who could not borrow, once he can; ReaderBarred while he cannot."""
    refuse_barred(found)
    await turn.happen(found, "valid")


def refuse_barred(found: Found) -> None:
    """Raise ReaderBarred while the reader may not borrow."""
    if found.barred:
        raise ReaderBarred(later("Lift the block first, or close the request."))


async def look_at_queue(turn: Turn, found: Found) -> None:
    """Once this is written, the queue is told whether the request waits."""
    turn.tell(WaitChanged(about=found.party.request))


async def consider(turn: Turn, found: Found) -> None:
    """Answer by itself where the branch wants that; else a person will."""
    turn.progress(found.party, Progress.ASKED)
    by_hand = await answers(turn) == "hand"
    copy = await free_copy(turn, found.party)
    if copy and (copy["status"] == AWAY or not by_hand):
        await turn.happen(found, "agree")
    elif copy is None and await lacks(turn, found.party):
        await turn.happen(found, "decline", {"reason": LACKING, "by_itself": True})
    elif by_hand:
        await turn.happen(found, "expect")
    else:
        told = {"reason": "NotCurrentAvailableForILL", "by_itself": True}
        await turn.happen(found, "decline", told)


async def lacks(turn: Turn, party: Party) -> bool:
    """Whether the one copy that is wanted is none that we lend: it is lost, or never was here."""
    record, item = as_id(party.facts.get("record")), as_id(party.facts.get("wanted_item"))
    if record is None or item is None:
        return False
    told = {"here": turn.here, "record": record, "item": item}
    return not await turn.session.scalar(LENT, told)


async def answers(turn: Turn) -> Any:
    """Whether the branch answers by hand; looked up once a turn."""
    if "answers" not in turn.memo:
        found = await effective(turn.session, turn.here, "supply.answers")
        turn.memo["answers"] = found.value
    return turn.memo["answers"]


async def free_copy(turn: Turn, party: Party) -> Mapping[str, Any] | None:
    """A copy of the wanted record, or the wanted item, that stands on our shelf for nobody."""
    if not party.facts.get("record"):
        return None
    key, facts = party.key, party.facts
    if key not in turn.copies:
        told = {
            "record": as_id(facts["record"]),
            "item": as_id(facts.get("wanted_item")),
            "fits": facts.get("fits"),
            "request": party.request,
            "taken": [copy["id"] for copy in turn.copies.values() if copy],
        }
        turn.copies[key] = copy_in(await turn.session.scalar(FREE, told))
    return turn.copies[key]


def copy_in(told: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """What ``lending_free`` has found."""
    return {**told, "id": UUID(told["id"])} if told else None


async def reserve(turn: Turn, found: Found) -> None:
    """Take a copy off the shelf in name; its place is on the pull list.

    What was promised where it was given back is on its way from there: see ``returned``.
    """
    copy = await free_copy(turn, found.party)
    if copy is None:
        await turn.happen(found, "decline", {"reason": "NotOnShelf", "by_itself": True})
        return
    known = knowing(found, barcode=copy["barcode"], item_kind=copy["kind"])
    away = copy["status"] == AWAY
    turn.amend(changed(known, item=copy["id"]), None if away else "reserve")
    turn.progress(found.party, Progress.PROMISED)
    if away:
        way: Mapping[str, Any] = copy["way"] or {}
        due = {"due": turn.now + LOAN_DAYS * DAY}
        await turn.happen(turn.latest[found.party.key], "ship", {**due, **way})


async def consider_renewal(turn: Turn, found: Found) -> None:
    """Yes while nobody waits for the title, and not for ever."""
    facts = found.party.facts
    renewed = facts.get("renewed", 0)
    edition = facts.get("edition")
    waiting = await turn.session.scalar(WAITING, {"edition": as_id(edition)}) if edition else 0
    if waiting or renewed >= RENEWALS:
        reason = "OthersWait" if waiting else "RenewalsUsedUp"
        await turn.happen(found, "renew_no", {"reason": reason})
        return
    due = max(turn.now, facts.get("due", 0)) + LOAN_DAYS // 2 * DAY
    await turn.happen(found, "renew_yes", {"due": due, "renewed": renewed + 1})


async def concern(turn: Turn, found: Found) -> None:
    """Let the reader be told, by the home: others do not know who it is."""
    party = found.party
    person = as_id(party.facts.get("person"))
    if party.role is not Role.REQUESTER or person is None:
        return
    event = ReaderConcerned(
        about=party.request,
        attempt=party.attempt,
        person=person,
        happened=next(row["on"] for row in reversed(turn.parties) if row["id"] == found.id),
        step=found.version,
        facts={name: party.facts[name] for name in NOTED if name in party.facts},
    )
    turn.tell(event)


DECIDING: Mapping[str, Decision] = {
    "choose": ask_best,
    "next": ask_next,
    "again": ask_again,
    "look_again": look_again,
    "want": look_at_queue,
    "unwant": look_at_queue,
    "consider": consider,
    "reserve": reserve,
    "consider_renewal": consider_renewal,
    "notice": concern,
}


def turn(session: Any) -> Turn:
    """A turn at the branch that this session is in."""
    return Turn(session.info["tenant"], session.info.get("asker"), DECIDING, session)
