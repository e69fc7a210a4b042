"""What people do about parties that disagree, when no word said again has mended it."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.federation.lending.deciding import turn
from pinakes.federation.lending.mending import advice, righted, rights
from pinakes.federation.lending.model import Role
from pinakes.federation.lending.service import find, parties
from pinakes.platform.errors import Conflict

NOBODY_KNOWS = "ask the other branch where the book is"


class NotToBeSetRight(Conflict):
    code = "not_to_be_set_right"
    title = "This would not agree with what the other parties say"


async def set_right(session: AsyncSession, request: UUID, state: str) -> None:
    """Let the last attempt stand where it agrees with the others; else NotToBeSetRight.

    Only what has been found to disagree, and only at home: no book moves, nobody is told.
    """
    found = await find(session, request, Role.REQUESTER, None)
    allowed = rights(found.party, found.trouble)
    if state not in allowed:
        may = f"It may be {' or '.join(allowed)}." if allowed else "See what `show` advises."
        raise NotToBeSetRight(may, states=allowed)
    work = turn(session)
    await work.settle(found, "set_right", righted(found.party, state, work.now))
    await work.write()


async def next_steps(session: AsyncSession, request: UUID) -> list[str]:
    """What may be done about each party of ours that is in trouble, one line for each way."""
    ours = await parties(session, request)
    last = max((one.party.attempt for one in ours), default=0)
    told: list[str] = []
    for one in ours:
        ways = advice(one.party, one.trouble)
        if one.party.attempt == last:  # of what another attempt has followed nothing opens again
            ways += [f"set-right {state}" for state in rights(one.party, one.trouble)]
        if one.trouble:
            name = f"{one.party.role}-{one.party.attempt}"
            told += [f"  {name}: repair, or {way}" for way in ways or [NOBODY_KNOWS]]
    return told
