"""What can be done with requests: place, look, and one step of one party."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.federation.lending.acting import refuse_unfit
from pinakes.federation.lending.deciding import LOAN_DAYS, copy_in, free_copy, turn
from pinakes.federation.lending.model import Role
from pinakes.federation.lending.models import PartyRow, Request
from pinakes.federation.lending.party import DAY
from pinakes.federation.lending.recalling import by_hand
from pinakes.federation.lending.rows import Found
from pinakes.federation.lending.turn import Turn
from pinakes.platform.errors import Conflict, NotFound
from pinakes.platform.identity import Principal
from pinakes.platform.language import later

TITLE = text("""
    SELECT h.edition_id, h.title_fields ->> 'title' AS title FROM commons.holding h
    JOIN commons.edition e ON e.id = h.edition_id
    JOIN commons.tenant here ON here.id = pinakes_tenant() AND here.consortium_id = e.consortium_id
    WHERE h.edition_id = :edition ORDER BY h.available DESC LIMIT 1
""")
RECALL, DESCRIBE, SETTLE = "recall", "describe", "settle"
BY_SESSION = {RECALL, DESCRIBE, SETTLE}  # these look at more than the party


class NoSuchRequest(NotFound):
    code = "no_such_request"
    title = "There is no such request here"


class TitleUnknown(NotFound):
    code = "title_unknown"
    title = "No branch of the consortium shows this title"


class NoCopyFree(Conflict):
    code = "no_copy_free"
    title = "No copy of this title stands on the shelf"


def last(work: Turn, role: Role) -> Found:
    """Where the last attempt of this role stands now."""
    return max(
        (one for (_, known, _), one in work.latest.items() if known is role),
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
    refuse_unfit(on, facts or {})
    if on == DESCRIBE and facts:
        facts = await naming(session, request, UUID(facts["edition"]))
    if on == "agree" and await free_copy(work, found.party) is None:
        raise NoCopyFree(later("Decline, offer a retry, or put a copy back on the shelf."))
    known = due(on, work.now)
    if on == RECALL:
        known = {"due": await by_hand(session)}
    await work.act(found, on, known | dict(facts or {}))
    if on == SETTLE:
        await settle_beside(session, work, found)
    await work.write()
    return last(work, role)


async def settle_beside(session: AsyncSession, work: Turn, found: Found) -> None:
    """Whatever else this branch is in the same attempt: its list has one row of a loss."""
    for one in await parties(session, found.party.request):
        same = one.party.attempt == found.party.attempt and one.party.role != found.party.role
        if same and SETTLE in one.party.acts:
            await work.act(one, SETTLE, {})


def free(found: Found) -> Mapping[str, Any]:
    """The copy on our shelf that agreeing gives, as it was read with the party; or NoCopyFree."""
    copy = copy_in(found.copy)
    if copy is None:
        raise NoCopyFree(later("Decline, offer a retry, or put a copy back on the shelf."))
    return copy


def refuse_others(asker: Principal, found: Found) -> None:
    """Readers touch their own requests only; another's does not exist for them."""
    if asker.person is not None and found.party.facts.get("person") != str(asker.person):
        raise NoSuchRequest("Neither open nor over: check the id and the branch.")


def due(on: str, moment: int) -> dict[str, Any]:
    """Until when the supplier lends, unless it says otherwise."""
    if on == "ship":
        return {"due": moment + LOAN_DAYS * DAY}
    if on == "renew_yes":
        return {"due": moment + LOAN_DAYS // 2 * DAY}
    return {}


async def describe(session: AsyncSession, request: UUID, edition: UUID) -> Found:
    """Staff have found out what a reader meant."""
    return await act(session, request, Role.REQUESTER, DESCRIBE, {"edition": str(edition)})


async def naming(session: AsyncSession, request: UUID, edition: UUID) -> dict[str, Any]:
    """Let the request bear the name of that title, or TitleUnknown; what its party is told."""
    found = (await session.execute(TITLE, {"edition": edition})).one_or_none()
    if found is None:
        raise TitleUnknown("Search for it again: it may have been taken out of stock.")
    await session.execute(
        update(Request)
        .where(Request.id == request)
        .values(title=found.title, edition_id=found.edition_id)
    )
    return {"title": found.title, "edition": str(edition)}


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
