"""Every timer rings once for its moment, whoever looks, and however the clock jumps."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import httpx
import msgspec
import pytest
from borrowing import Borrowing, edition, held
from lending import deliver, desk_at, rule
from mint import Mint
from sqlalchemy import select

from pinakes.federation.ledger.models import Event
from pinakes.federation.lending.model import Role, model
from pinakes.federation.lending.models import PartyRow
from pinakes.federation.lending.timers import ring_due
from pinakes.platform.clock import now
from pinakes.platform.db import unit_of_work

R, S, P = Role.REQUESTER, Role.SUPPLIER, Role.PICKUP
DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("no_other_clocks")]

type Steps = Sequence[tuple[Role, str]]

SENT: Steps = [(S, "ship")]
READY: Steps = [*SENT, (P, "receive"), (P, "shelve")]
LENT: Steps = [*READY, (P, "lend")]
TIMERS: dict[str, tuple[str, Steps]] = {  # how the supplier answers, and what is done by then
    "unanswered": ("hand", []),
    "undecided": ("hand", [(S, "condition")]),
    "unshipped": ("automatic", []),
    "never_arrived": ("automatic", SENT),
    "never_home": ("automatic", [*LENT, (P, "return"), (P, "send_on")]),
    "uncollected": ("automatic", READY),
    "claim_over": ("automatic", [*LENT, (P, "claim")]),
    "overdue": ("automatic", SENT),
    "late": ("automatic", LENT),
    "aged": ("hand", [(S, "decline")]),
    "unreviewed": ("hand", []),
}


def test_no_timer_is_left_out() -> None:
    assert TIMERS.keys() == model().timers.keys()


@pytest.mark.parametrize("timer", TIMERS)
async def test_a_timer_rings_once_however_the_clock_jumps(
    borrowing: Borrowing, client: httpx.AsyncClient, mint: Mint, timer: str
) -> None:
    b, (answers, steps) = borrowing, TIMERS[timer]
    await rule(b.database, b.supplier, supply_answers=answers)
    title = await edition(b.database, b.home.consortium)
    [barcode] = await held(b.database, b.supplier, title)
    known = None if timer == "unreviewed" else title
    request = await b.place(known, title="红楼梦", needed_by=(now() + 9 * DAY).date())
    branches, desk = {R: b.home, S: b.supplier, P: b.pickup}, desk_at(client, mint, b.pickup)
    for role, on in steps:
        if on == "lend":
            await desk.lend(b.reader.card, barcode)
        elif on == "return":
            await desk.take_back(barcode)
        else:
            told = {"condition": "reading room only"} if on == "condition" else {}
            await b.act(branches[role], request, role, on, **told)
        await deliver(b.database)
    due, attempt = await due_at(b, request, timer)
    await ring_due(b.database, due - SECOND)
    assert await rung(b, request, timer, attempt) == 0
    for moment in (due + 400 * DAY, due - 400 * DAY, due, due + 401 * DAY):
        await asyncio.gather(*(ring_due(b.database, moment) for _ in range(3)))
    assert await rung(b, request, timer, attempt) == 1


async def due_at(b: Borrowing, request: UUID, timer: str) -> tuple[datetime, int]:
    """When the party whose timer runs is to hear it, and in which attempt it is one."""
    found: list[PartyRow] = []
    for at in (b.home, b.supplier, b.pickup):
        async with unit_of_work(b.database.app, at.id) as session:
            mine = select(PartyRow).where(PartyRow.request_id == request, PartyRow.alarm == timer)
            found += await session.scalars(mine)
    [row] = found
    assert row.alarm_at is not None
    return datetime.fromtimestamp(row.alarm_at, UTC), row.attempt


async def rung(b: Borrowing, request: UUID, timer: str, attempt: int) -> int:
    """How often it has rung in this attempt, as the ledger has it."""
    heard: list[tuple[str, int]] = []
    for at in (b.home, b.supplier, b.pickup):
        async with unit_of_work(b.database.app, at.id) as session:
            events = await session.scalars(select(Event.event).where(Event.about == request))
            facts = [msgspec.json.decode(event)["facts"] for event in events]
            heard += [(one["on"], one["attempt"]) for one in facts]
    return heard.count((timer, attempt))
