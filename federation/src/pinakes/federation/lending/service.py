"""What can be done with requests: place, look, and one step of one party."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Select, func, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.federation.holds.rules import Facts, judge
from pinakes.federation.lending.deciding import LOAN_DAYS, as_id, free_copy, turn
from pinakes.federation.lending.model import Role
from pinakes.federation.lending.models import PartyRow, Request
from pinakes.federation.lending.party import DAY, born
from pinakes.federation.lending.schemas import NewRequest
from pinakes.federation.lending.turn import Found, Turn, fresh
from pinakes.platform.clock import now
from pinakes.platform.db import uuid7
from pinakes.platform.directory import Directory, Tenant
from pinakes.platform.errors import BadRequest, Conflict, NotFound
from pinakes.platform.identity import Principal
from pinakes.tenants.readers import cards
from pinakes.tenants.readers import service as readers
from pinakes.tenants.readers.standing import ReaderUnknown, standing_of
from pinakes.tenants.registry.settings import all_effective
from pinakes.tenants.registry.sharing import HoldRule

TITLE = text("""
    SELECT h.edition_id, h.title_fields ->> 'title' AS title FROM commons.holding h
    WHERE (h.edition_id = CAST(:edition AS uuid)
           OR h.tenant_id = CAST(:owner AS integer) AND h.record_id = CAST(:record AS uuid))
    ORDER BY h.available DESC LIMIT 1
""")
LENDING = {"ship", "recall"}


class NoSuchRequest(NotFound):
    code = "no_such_request"
    title = "There is no such request here"


class TitleUnknown(NotFound):
    code = "title_unknown"
    title = "No branch of the consortium shows this title"


class NothingWanted(BadRequest):
    code = "nothing_wanted"
    title = "Say which title, or which record of which branch"


class NoCopyFree(Conflict):
    code = "no_copy_free"
    title = "No copy of this title stands on the shelf"


async def place(
    session: AsyncSession, directory: Directory, here: Tenant, person: UUID, wish: NewRequest
) -> Found:
    """A reader of this branch wants something; whoever can supply it is asked at once.

    Raises:
        HoldRefused: a rule says no; see ``holds.rules``.
        TitleUnknown, NothingWanted: there is nothing to ask for.
    """
    pickup = directory.coded(wish.pickup)
    owner = directory.coded(wish.owner).id if wish.owner else None
    edition, title = await named(session, wish, owner)
    await allow(session, here, pickup, person, wish, edition)
    row = Request(
        id=uuid7(),
        person_id=person,
        title=title,
        edition_id=edition,
        owner_id=owner,
        record_id=wish.record,
        kind=wish.kind,
        pickup_id=pickup.id,
        service=wish.service,
        needed_by=wish.needed_by,
        note=wish.note,
        in_house=wish.in_house,
        attempt=1,
        state="NEW",
        over=False,
    )
    session.add(row)
    await session.flush()
    party = born(
        Role.REQUESTER,
        row.id,
        1,
        here.id,
        pickup.id,
        None,
        service=wish.service,
        flags=frozenset({"copy"} if wish.kind == "copy" else ()),
        facts=await facts_of(session, row, pickup),
    )
    work = turn(session)
    await work.happen(fresh(party), "valid" if edition else "unknown_title")
    await work.write()
    return last(work, Role.REQUESTER)


async def named(
    session: AsyncSession, wish: NewRequest, owner: int | None
) -> tuple[UUID | None, str]:
    """The edition and its title; neither is known of what the staff have to look for."""
    if wish.edition is None and wish.record is None:
        if not wish.title:
            raise NothingWanted("Send `edition`, or `owner` and `record`, or at least a `title`.")
        return None, wish.title
    told = {"edition": wish.edition, "owner": owner, "record": wish.record}
    found = (await session.execute(TITLE, told)).one_or_none()
    if found is None:
        raise TitleUnknown("Search for it again: it may have been taken out of stock.")
    return found.edition_id, found.title or wish.title


async def allow(
    session: AsyncSession,
    here: Tenant,
    pickup: Tenant,
    person: UUID,
    wish: NewRequest,
    edition: UUID | None,
) -> None:
    """Ask the rules of reservation; the first refusal is raised."""
    reader = await readers.of_person(session, person)
    standing = await standing_of(session, person)
    if reader is None or reader.home_id != here.id or standing is None:
        raise ReaderUnknown("Nobody here has this person's home.")
    rules, most, pickups = await all_effective(
        session, here.id, "hold.rules", "hold.limit", "hold.pickup"
    )
    open = (Request.person_id == person, ~Request.over)
    holds, of_kind, same = (
        await session.execute(
            select(
                func.count(),
                func.count().filter(Request.kind == wish.kind),
                func.count().filter(Request.edition_id == edition),
            ).where(*open)
        )
    ).one()
    judge(
        Facts(
            reader_kind=reader.reader_kind,
            age=age(reader.born),
            blocks=[] if standing.may_borrow else (standing.blocks or ["home"]),
            item_kind=wish.kind,
            rules=msgspec.convert(rules.value, list[HoldRule]),
            holds=holds,
            holds_of_kind=of_kind,
            most=most.value,
            has_it=bool(same) and edition is not None,
            sure=wish.sure,
            pickup=reach(here, pickup),
            pickups=pickups.value,
            pickup_open=pickup.state == "active" and pickup.consortium == here.consortium,
        )
    )


def reach(here: Tenant, pickup: Tenant) -> Any:
    """How far off the place of pickup is."""
    if pickup.id == here.id:
        return "home"
    return "province" if here.path[1:2] == pickup.path[1:2] != [] else "elsewhere"


def age(born: date | None) -> int | None:
    return None if born is None else (now().date() - born).days * 4 // 1461


async def facts_of(session: AsyncSession, row: Request, pickup: Tenant) -> dict[str, Any]:
    """What the parties may come to know; the reader is named to the pickup branch alone."""
    told = {
        "title": row.title,
        "edition": str(row.edition_id) if row.edition_id else None,
        "wanted_owner": row.owner_id,
        "wanted_record": str(row.record_id) if row.record_id else None,
        "kind": row.kind,
        "needed_by": seconds(row.needed_by),
        "note": row.note,
        "in_house": row.in_house,
        "person": str(row.person_id),
        "label": await label(session, row.person_id),
        "pickup_code": pickup.code,
    }
    return {name: fact for name, fact in told.items() if fact not in (None, "", False)}


async def label(session: AsyncSession, person: UUID | None) -> str:
    """What the pickup branch writes on the slip: the end of the reader's card number."""
    found = await cards.of_person(session, person) if person else ()
    return next((f"…{card.number[-4:]}" for card in found), "")


def seconds(day: date | None) -> int | None:
    return int(datetime.combine(day, time.max, UTC).timestamp()) if day else None


def last(work: Turn, role: Role) -> Found:
    """Where the last attempt of this role stands now."""
    return max(
        (one for (known, _), one in work.latest.items() if known is role),
        key=lambda one: one.party.attempt,
    )


async def find(session: AsyncSession, request: UUID, role: Role, attempt: int | None) -> Found:
    """The party, or NoSuchRequest."""
    found = await turn(session).find(request, role, attempt)
    if found is None:
        raise NoSuchRequest("This branch is no such party of it: check the id and the role.")
    return found


async def act(
    session: AsyncSession,
    request: UUID,
    role: Role,
    on: str,
    facts: Mapping[str, Any] | None = None,
    attempt: int | None = None,
) -> Found:
    """Let a person do one step at this branch; MoveRefused when the state does not allow it."""
    found = await find(session, request, role, attempt)
    work = turn(session)
    if on == "agree" and await free_copy(work, found.party) is None:
        raise NoCopyFree("Decline, offer a retry, or put a copy back on the shelf.")
    await work.act(found, on, due(on, work.now) | dict(facts or {}))
    await work.write()
    return last(work, role)


def due(on: str, moment: int) -> dict[str, Any]:
    """Until when the supplier lends, unless it says otherwise."""
    if on in LENDING:
        return {"due": moment + (LOAN_DAYS if on == "ship" else LOAN_DAYS // 4) * DAY}
    if on == "renew_yes":
        return {"due": moment + LOAN_DAYS // 2 * DAY}
    return {}


async def describe(session: AsyncSession, request: UUID, edition: UUID) -> Found:
    """Staff have found out what a reader meant."""
    found = (
        await session.execute(TITLE, {"edition": edition, "owner": None, "record": None})
    ).one_or_none()
    if found is None:
        raise TitleUnknown("Search for it again: it may have been taken out of stock.")
    await session.execute(
        update(Request)
        .where(Request.id == request)
        .values(title=found.title, edition_id=found.edition_id)
    )
    facts = {"title": found.title, "edition": str(edition)}
    return await act(session, request, Role.REQUESTER, "describe", facts)


async def mine(session: AsyncSession, asker: Principal, request: UUID) -> Request:
    """The request, if the asker is its reader or works here; else NoSuchRequest."""
    row = await session.scalar(select(Request).where(Request.id == request))
    if row is None or (asker.person is not None and row.person_id != asker.person):
        raise NoSuchRequest("Neither open nor over: check the id and the branch.")
    return row


def listed(person: UUID | None, *, over_too: bool) -> Select[Request]:
    """Requests of this branch's readers: all, or one reader's."""
    rows = select(Request)
    if person is not None:
        rows = rows.where(Request.person_id == person)
    return rows if over_too else rows.where(~Request.over)


async def parties(session: AsyncSession, request: UUID) -> list[Found]:
    """All that this branch is in a request, attempt by attempt."""
    keys = select(PartyRow.role, PartyRow.attempt).where(PartyRow.request_id == request)
    rows = (await session.execute(keys.order_by(PartyRow.attempt, PartyRow.id))).all()
    return [await find(session, request, Role(role), attempt) for role, attempt in rows]


__all__ = [
    "NoSuchRequest", "act", "as_id", "describe", "find", "listed", "mine", "parties", "place",
]  # fmt: skip
