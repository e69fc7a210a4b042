"""What can be done with requests: place, look, and one step of one party."""

from collections.abc import Mapping
from typing import Any, Self
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.federation.holds.kinds import will_do
from pinakes.federation.holds.rules import NotForHold
from pinakes.federation.lending.acting import refuse_unfit
from pinakes.federation.lending.deciding import LOAN_DAYS, copy_in, turn
from pinakes.federation.lending.model import Role
from pinakes.federation.lending.models import PartyRow, Request
from pinakes.federation.lending.party import DAY
from pinakes.federation.lending.recalling import by_hand
from pinakes.federation.lending.rows import Found, found_in
from pinakes.federation.lending.turn import Turn
from pinakes.platform.db import driver
from pinakes.platform.errors import Conflict, NotFound
from pinakes.platform.identity import Principal
from pinakes.platform.language import later

AROUND = """
    SELECT lending_around(p, $2, $3) FROM request_party p
    WHERE p.tenant_id = pinakes_tenant() AND p.id = $1
"""
RECALL, DESCRIBE, SETTLE = "recall", "describe", "settle"


class NoSuchRequest(NotFound):
    code = "no_such_request"
    title = "There is no such request here"


class TitleUnknown(NotFound):
    code = "title_unknown"
    title = "No branch of the consortium shows this title"


class NoSuchCopy(NotFound):
    code = "no_such_copy"
    title = "There is no such copy to borrow"

    @classmethod
    def told(cls) -> Self:
        return cls(later("It may have been lost or withdrawn. Ask for any copy of this title."))


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
    found, told = await find(session, request, role, attempt), facts or {}
    asked = found.id, on, told.get("edition")
    around = await (await driver(session)).fetchval(AROUND, *asked)
    work = turn(session)
    done = await take(work, found, on, told, around)
    await work.write()
    return done


async def take(
    work: Turn, found: Found, on: str, facts: Mapping[str, Any], around: Mapping[str, Any]
) -> Found:
    """The step itself, on either road; *around*: what ``lending_around`` has found."""
    refuse_unfit(on, facts)
    known = due(on, work.now) | dict(facts)
    if on == "agree" and on in found.party.acts:
        work.copies[found.party.key] = free(found)
    elif on == RECALL:
        known = {"due": by_hand(around["rule"], around["shelf"])} | known
    elif on == DESCRIBE:
        known |= naming(around, found.party.facts.get("fits", {}))
    if "asked" in around:
        work.memo["asked"] = around["asked"]
    await work.act(found, on, known)
    for row in around.get("beside") or ():  # of a loss the branch's list has one row
        one = found_in(row)
        if SETTLE in one.party.acts:
            await work.act(one, SETTLE, {})
    return last(work, found.party.role)


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


def naming(around: Mapping[str, Any], fits: Mapping[str, bool]) -> dict[str, Any]:
    """The name that the request bears from now on, and as which kind of copy it counts.

    Raises:
        TitleUnknown: nobody shows it.
        NotForHold: by the rules the reader may have none of its copies.
    """
    if around["title"] is None:
        raise TitleUnknown("Search for it again: it may have been taken out of stock.")
    kinds = [kind for kind in around["kinds"] if will_do(fits, kind)]
    if around["kinds"] and not kinds:
        raise NotForHold(later("Of this title there are only copies that the reader may not have."))
    return {"title": around["title"], "kind": next(iter(kinds), "")}


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
