"""Parties that tell different stories are found within ten minutes, and their words repeated."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from borrowing import Borrowing, edition, held
from lending import deliver
from sqlalchemy import select, text, update

from pinakes.federation.lending import righting, service, timers, views
from pinakes.federation.lending.model import Role
from pinakes.federation.lending.models import PartyRow, Transit
from pinakes.federation.lending.timers import ring_due
from pinakes.platform import clock
from pinakes.platform.audit import Audit
from pinakes.platform.clock import now
from pinakes.platform.config import Settings
from pinakes.platform.db import public_work, unit_of_work
from pinakes.platform.directory import Tenant
from pinakes.platform.messages import Outbox
from pinakes.tenants.items.models import Item

R, S, P = Role.REQUESTER, Role.SUPPLIER, Role.PICKUP
MINUTES = 10
pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("no_other_clocks")]

PASS = text("UPDATE request_party SET changed_at = changed_at - interval '1 minute'")
AGAIN = text("UPDATE alarm SET due_at = now() WHERE tenant_id = :home AND due_at < 'infinity'")
PUT_OFF = text("""
    UPDATE alarm SET due_at = now() + interval '5 days' WHERE tenant_id = :home AND id = :id
""")
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
    copied = await b.place(title, copy=True)
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


async def watch(b: Borrowing) -> timedelta:
    """How long it is, by the database, until the home looks again."""
    async with public_work(b.database.carrier) as session:
        mine = "SELECT due_at - now() FROM alarm WHERE tenant_id = :home AND id = :id"
        left = await session.scalar(text(mine), {"home": b.home.id, "id": views.WATCH})
    assert isinstance(left, timedelta)
    return left


async def open_request(b: Borrowing) -> UUID:
    title = await edition(b.database, b.home.consortium)
    await held(b.database, b.supplier, title)
    return await b.place(title)


async def test_a_workers_clock_that_is_ahead_puts_nothing_off(
    borrowing: Borrowing, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    b = borrowing
    await open_request(b)
    async with public_work(b.database.carrier) as session:
        await session.execute(AGAIN, {"home": b.home.id})
    monkeypatch.setattr(clock, "now", lambda: now() + timedelta(days=5))
    ringing = asyncio.create_task(timers.ring(settings, b.database))
    async with asyncio.timeout(60):
        while await watch(b) < timedelta(minutes=1):  # noqa: ASYNC110  (a claim alone: seconds)
            await asyncio.sleep(0.05)
    ringing.cancel()
    await asyncio.wait([ringing])
    assert await watch(b) <= views.EVERY


async def test_a_step_brings_back_a_look_that_was_put_off(borrowing: Borrowing) -> None:
    b = borrowing
    request = await open_request(b)
    async with public_work(b.database.carrier) as session:
        await session.execute(PUT_OFF, {"home": b.home.id, "id": views.WATCH})
    assert await watch(b) > timedelta(days=4)
    await b.act(b.home, request, R, "write", note="?")
    assert await watch(b) <= views.EVERY


async def trouble_at(b: Borrowing, role: Role, request: UUID) -> str | None:
    async with unit_of_work(b.database.app, branches(b)[role].id) as session:
        mine = select(PartyRow.trouble).where(PartyRow.request_id == request)
        return await session.scalar(mine.where(PartyRow.role == role, PartyRow.attempt == 1))


async def found_and_repaired(b: Borrowing, fault: str) -> UUID:
    """A request with this fault, once it was found and every party has spoken again."""
    steps, role, values = FAULTS[fault]
    title = await edition(b.database, b.home.consortium)
    await held(b.database, b.supplier, title)
    request = await b.place(title)
    for on in steps:
        await b.act(b.supplier, request, S, on)
    await plant(b, request, role, **values)
    await minutes_pass(b)
    assert await in_trouble(b) == [request]
    await repaired(b, request)
    return request


async def repaired(b: Borrowing, request: UUID) -> None:
    async with unit_of_work(b.database.app, b.home.id) as session:
        await views.repair(session, request)
    await deliver(b.database)


async def minutes_pass(b: Borrowing) -> None:
    async with public_work(b.database.carrier) as session:
        await session.execute(AGAIN, {"home": b.home.id})
    for minute in range(1, MINUTES + 1):
        await a_minute_passes(b, minute)


async def advised(b: Borrowing, role: Role, request: UUID) -> list[str]:
    async with unit_of_work(b.database.app, branches(b)[role].id) as session:
        return await righting.next_steps(session, request)


async def assert_all_agree(b: Borrowing, request: UUID) -> None:
    """Nobody is in trouble, once they have asked one another again; and none comes back."""
    for _ in range(2):
        await minutes_pass(b)
        assert [await trouble_at(b, role, request) for role in Role] == [None] * 3


@pytest.mark.parametrize("fault", ["the home was set back", "the pickup branch was set back"])
async def test_what_was_said_last_mends_who_has_missed_it(borrowing: Borrowing, fault: str) -> None:
    b = borrowing
    request = await found_and_repaired(b, fault)
    shipped = {"requester": "SHIPPED", "supplier": "SHIPPED", "pickup": "ON_ITS_WAY"}
    assert await b.states(request) == shipped
    await assert_all_agree(b, request)
    async with unit_of_work(b.database.app, b.home.id) as session:
        noted = select(Audit.operation).where(Audit.subject == str(request))
        assert "request.disagreement" in set(await session.scalars(noted))


@pytest.mark.parametrize(
    ("fault", "says", "act"),
    [
        ("the supplier was set back", "supplier:WILL_SUPPLY", "ship"),
        ("what is over begins again", "supplier:WILL_SUPPLY", "decline"),
    ],
)
async def test_a_supplier_that_was_set_back_is_in_trouble_until_its_desk_acts(
    borrowing: Borrowing, fault: str, says: str, act: str
) -> None:
    b = borrowing
    request = await found_and_repaired(b, fault)
    for _ in range(2):  # however often, and however long after
        assert await trouble_at(b, R, request) == says
        assert await trouble_at(b, S, request) is not None
        await minutes_pass(b)
        await repaired(b, request)
    for role in (R, S):
        [told] = await advised(b, role, request)
        assert "at the supplier: " in told
        assert act in told
    async with unit_of_work(b.database.app, b.supplier.id) as session:
        await service.act(session, request, S, act, {}, 1)
    await deliver(b.database)
    assert await trouble_at(b, S, request) is None
    await assert_all_agree(b, request)


async def test_a_book_sent_twice_by_the_desk_is_sent_once(borrowing: Borrowing) -> None:
    b = borrowing
    request = await found_and_repaired(b, "the supplier was set back")
    await b.act(b.supplier, request, S, "ship")
    async with unit_of_work(b.database.app, b.supplier.id) as session:
        ways = (await session.scalars(select(Transit.leg))).all()
        items = (await session.scalars(select(Item.status))).all()
    assert (ways, items) == (["out"], ["out"])


async def test_a_home_that_was_over_too_early_is_set_right_by_hand(borrowing: Borrowing) -> None:
    b = borrowing
    request = await found_and_repaired(b, "the home thinks that it is over")
    await minutes_pass(b)
    assert await trouble_at(b, R, request) == "pickup:ON_ITS_WAY supplier:SHIPPED"
    assert "  requester-1: repair, or set-right SHIPPED" in await advised(b, R, request)
    async with unit_of_work(b.database.app, b.home.id) as session:
        with pytest.raises(righting.NotToBeSetRight, match="SHIPPED"):
            await righting.set_right(session, request, "RECEIVED")
    async with unit_of_work(b.database.app, b.home.id) as session:
        await righting.set_right(session, request, "SHIPPED")
    wish = await b.wish(request)
    assert (wish.state, wish.over) == ("SHIPPED", False)
    await assert_all_agree(b, request)
    async with unit_of_work(b.database.app, b.home.id) as session:
        noted = select(Audit.id).where(Audit.operation == "request.set_right")
        assert len((await session.scalars(noted)).all()) == 1
    await b.act(b.pickup, request, P, "receive")
    assert (await b.states(request))["requester"] == "RECEIVED", "and it goes on"


async def test_what_agrees_is_not_set_right(borrowing: Borrowing) -> None:
    b = borrowing
    title = await edition(b.database, b.home.consortium)
    await held(b.database, b.supplier, title)
    request = await b.place(title)
    async with unit_of_work(b.database.app, b.home.id) as session:
        with pytest.raises(righting.NotToBeSetRight, match="show"):
            await righting.set_right(session, request, "SHIPPED")


async def test_trouble_with_one_party_outlives_a_word_of_another(borrowing: Borrowing) -> None:
    b = borrowing
    request = await found_and_repaired(b, "the supplier was set back")
    await b.act(b.pickup, request, P, "receive")
    assert (await b.states(request))["requester"] == "RECEIVED"
    assert await trouble_at(b, R, request) == "supplier:WILL_SUPPLY"


async def test_what_nobody_knows_is_no_state(borrowing: Borrowing) -> None:
    b = borrowing
    request = await found_and_repaired(b, "the supplier was set back")
    async with unit_of_work(b.database.app, b.home.id) as session:
        row = await session.scalar(select(PartyRow).where(PartyRow.request_id == request))
        assert row is not None
        one = {"request": str(request), "attempt": 1, "role": "supplier", "version": row.version}
        await views.mark(session, [{**one, "state": "<b> x:y"}], b.supplier.id)
        assert row.trouble == "supplier:unknown"


async def test_trouble_ends_when_the_others_agree_however_late(borrowing: Borrowing) -> None:
    b = borrowing
    request = await found_and_repaired(b, "the home thinks that it is over")
    await minutes_pass(b)
    long_ago = now() - timedelta(days=40)
    await plant(b, request, R, changed_at=long_ago)
    await plant(b, request, S, state="COMPLETED", over=True)
    await minutes_pass(b)
    assert await trouble_at(b, R, request) == "pickup:ON_ITS_WAY"
    await plant(b, request, P, state="DONE", over=True)
    await assert_all_agree(b, request)
    async with unit_of_work(b.database.app, b.home.id) as session:
        noted = select(Audit.id).where(Audit.operation == "request.agreement")
        assert len((await session.scalars(noted)).all()) == 1
