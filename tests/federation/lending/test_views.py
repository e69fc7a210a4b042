"""Parties that tell different stories are found within ten minutes, and their words repeated."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from borrowing import Borrowing, edition, held
from lending import deliver
from sqlalchemy import select, text, update

from pinakes.federation.lending import views
from pinakes.federation.lending.model import Role
from pinakes.federation.lending.models import PartyRow
from pinakes.federation.lending.timers import ring_due
from pinakes.platform.audit import Audit
from pinakes.platform.clock import now
from pinakes.platform.db import public_work, unit_of_work
from pinakes.platform.directory import Tenant
from pinakes.platform.messages import Outbox

R, S, P = Role.REQUESTER, Role.SUPPLIER, Role.PICKUP
MINUTES = 10
pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("no_other_clocks")]

PASS = text("UPDATE request_party SET changed_at = changed_at - interval '1 minute'")
FAULTS: dict[str, tuple[list[str], Role, dict[str, Any]]] = {
    "the supplier was set back": (["ship"], S, {"state": "WILL_SUPPLY"}),
    "the home was set back": (["ship"], R, {"state": "WILL_SUPPLY"}),
    "the pickup branch was set back": (["ship"], P, {"state": "EXPECTED"}),
    "the home thinks that it is over": (["ship"], R, {"state": "COMPLETED", "over": True}),
    "what is over begins again": (["decline"], S, {"state": "WILL_SUPPLY", "over": False}),
}


def branches(b: Borrowing) -> dict[Role, Tenant]:
    return {R: b.home, S: b.supplier, P: b.pickup}


async def plant(b: Borrowing, request: UUID, role: Role, **values: Any) -> None:
    """Let the row of a party say something else, as if a backup had been brought back."""
    async with unit_of_work(b.database.app, branches(b)[role].id) as session:
        mine = update(PartyRow).where(PartyRow.request_id == request, PartyRow.attempt == 1)
        await session.execute(mine.where(PartyRow.role == role).values(**values))


async def a_minute_passes(b: Borrowing, minute: int) -> None:
    """Rows are a minute older, and whatever is due by then rings."""
    for at in branches(b).values():
        async with unit_of_work(b.database.app, at.id) as session:
            await session.execute(PASS)
    await ring_due(b.database, now() + timedelta(minutes=minute))
    await deliver(b.database)


async def in_trouble(b: Borrowing) -> list[UUID]:
    async with unit_of_work(b.database.app, b.home.id) as session:
        return await views.in_trouble(session)


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_disagreement_is_found_within_ten_minutes(borrowing: Borrowing, fault: str) -> None:
    b, (steps, role, values) = borrowing, FAULTS[fault]
    title = await edition(b.database, b.home.consortium)
    await held(b.database, b.supplier, title)
    request = await b.place(title)
    for minute in (1, 2):
        await a_minute_passes(b, minute)
    for on in steps:  # just too late for the first look
        await b.act(b.supplier, request, S, on)
    await plant(b, request, role, **values)
    for minute in range(3, MINUTES + 3):
        assert await in_trouble(b) == [], "what moves is no disagreement yet"
        await a_minute_passes(b, minute)
        if await in_trouble(b):
            break
    assert await in_trouble(b) == [request]


async def test_a_branch_asks_itself_without_a_message(borrowing: Borrowing) -> None:
    b = replace(borrowing, pickup=borrowing.home)
    title = await edition(b.database, b.home.consortium)
    await held(b.database, b.supplier, title)
    request = await b.place(title)
    await b.act(b.supplier, request, S, "ship")
    await plant(b, request, P, state="EXPECTED")
    for minute in range(1, MINUTES):
        await a_minute_passes(b, minute)
    assert await in_trouble(b) == [request]
    async with unit_of_work(b.database.app, b.home.id) as session:
        told = select(Outbox.receiver).where(Outbox.kind == "ViewsAsked")
        assert set(await session.scalars(told)) == {b.supplier.id}


async def test_a_repair_is_safe_and_written_down(borrowing: Borrowing) -> None:
    b = borrowing
    title = await edition(b.database, b.home.consortium)
    await held(b.database, b.supplier, title)
    request = await b.place(title)
    await b.act(b.supplier, request, S, "ship")
    before = await b.states(request)
    for state in (None, "WILL_SUPPLY"):  # there is nothing to repair; there is
        if state:
            await plant(b, request, R, state=state)
        async with unit_of_work(b.database.app, b.home.id) as session:
            assert await views.repair(session, request) == 1
        await deliver(b.database)
        assert await b.states(request) == before
    for at, operation in ((b.home, "request.repair"), (b.supplier, "request.say_again")):
        async with unit_of_work(b.database.app, at.id) as session:
            noted = select(Audit.id).where(Audit.operation == operation)
            rows = await session.scalars(noted.where(Audit.subject == str(request)))
            assert len(rows.all()) == 2


async def test_parties_that_agree_are_left_in_peace(borrowing: Borrowing) -> None:
    b = borrowing
    title = await edition(b.database, b.home.consortium)
    await held(b.database, b.supplier, title)
    copied = await b.place(title, kind="copy")
    await b.act(b.supplier, copied, S, "ship")
    await b.act(b.supplier, await b.place(title), S, "ship")
    for minute in range(1, MINUTES + 1):
        await a_minute_passes(b, minute)
    assert await in_trouble(b) == []


async def test_questions_within_the_cell_are_kept_for_an_hour(borrowing: Borrowing) -> None:
    b = borrowing
    title = await edition(b.database, b.home.consortium)
    await held(b.database, b.supplier, title)
    await b.place(title)
    for minute in range(1, 6):
        await a_minute_passes(b, minute)
    for minutes, left in ((50, True), (70, False)):
        async with public_work(b.database.carrier) as session:
            sent = update(Outbox).where(Outbox.tenant_id == b.home.id, Outbox.state == "sent")
            await session.execute(sent.values(sent_at=now() - timedelta(minutes=minutes)))
        await views.forget_asked(b.database)
        async with unit_of_work(b.database.app, b.home.id) as session:
            kinds = set(await session.scalars(select(Outbox.kind)))
        assert ("ViewsAsked" in kinds, "PartyTold" in kinds) == (left, True)
