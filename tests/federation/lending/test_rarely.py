"""What is said seldom between parties: try again, wait with it, how does it stand, sent on."""

from datetime import timedelta
from uuid import UUID

import pytest
from borrowing import Borrowing, edition, held
from conftest import MakeTenant
from lending import Desk, deliver, rule
from sqlalchemy import select, update

from pinakes.federation.lending import service
from pinakes.federation.lending.model import Role
from pinakes.federation.lending.models import PartyRow, Transit
from pinakes.federation.lending.party import MoveRefused
from pinakes.federation.lending.timers import ring_due
from pinakes.platform.clock import now
from pinakes.platform.db import unit_of_work
from pinakes.platform.messages import Outbox

R, S, P = Role.REQUESTER, Role.SUPPLIER, Role.PICKUP
pytestmark = pytest.mark.anyio


async def asked(b: Borrowing) -> tuple[UUID, str]:
    """A request that waits for an answer by hand, and the barcode of the copy."""
    await rule(b.database, b.supplier, supply_answers="hand")
    title = await edition(b.database, b.home.consortium)
    [barcode] = await held(b.database, b.supplier, title)
    return await b.place(title), barcode


async def given_back(b: Borrowing, desk: Desk) -> tuple[UUID, str]:
    """A request whose reader has brought the book back to where it was collected."""
    request, barcode = await asked(b)
    for at, role, on in (
        (b.supplier, S, "agree"),
        (b.supplier, S, "ship"),
        (b.pickup, P, "receive"),
        (b.pickup, P, "shelve"),
    ):
        await b.act(at, request, role, on)
    assert (await desk.lend(b.reader.card, barcode)).status_code == 201
    assert (await desk.take_back(barcode)).status_code == 200
    await deliver(b.database)
    return request, barcode


async def facts(b: Borrowing, request: UUID, role: Role, attempt: int = 1) -> dict[str, object]:
    """What a party knows."""
    at = {R: b.home, S: b.supplier, P: b.pickup}[role]
    async with unit_of_work(b.database.app, at.id) as session:
        mine = select(PartyRow).where(PartyRow.request_id == request, PartyRow.role == role)
        row = await session.scalar(mine.where(PartyRow.attempt == attempt))
        assert row is not None
        return row.facts


async def test_another_try_is_offered_and_taken_with_the_same_supplier(
    borrowing: Borrowing,
) -> None:
    b = borrowing
    request, _ = await asked(b)
    await b.act(b.supplier, request, S, "offer_retry", reason="NotOnShelf", note="下月")
    assert await b.states(request) == {
        "requester": "RETRY_PENDING", "supplier": "COMPLETED_WITH_RETRY",
    }  # fmt: skip
    told = await facts(b, request, R)
    assert (told["reason"], told["note"]) == ("NotOnShelf", "下月")
    assert (await b.wish(request)).attempt == 1, "nobody else is asked meanwhile"
    await b.act(b.home, request, R, "accept_retry")
    wish = await b.wish(request)
    assert (wish.attempt, wish.state, wish.over) == (2, "SUPPLIER_LOCATED", False)
    assert (await b.states(request, 1))["requester"] == "RETRY_ACCEPTED"
    assert await b.states(request, 2) == {
        "requester": "SUPPLIER_LOCATED", "supplier": "VALIDATED",
    }  # fmt: skip
    assert (await facts(b, request, S, 2))["again"] is True
    await b.act(b.supplier, request, S, "agree")
    await b.act(b.supplier, request, S, "ship")
    assert await b.states(request, 2) == {
        "requester": "SHIPPED", "supplier": "SHIPPED", "pickup": "ON_ITS_WAY",
    }  # fmt: skip


@pytest.mark.parametrize("how", ["refuse_retry", "undecided"])
async def test_another_try_that_nobody_wants_goes_to_the_next(
    borrowing: Borrowing, make_tenant: MakeTenant, how: str
) -> None:
    b = borrowing
    request, _ = await asked(b)
    await b.act(b.supplier, request, S, "offer_retry", reason="NotOnShelf")
    other = await make_tenant(b.directory.ids[b.home.path[0]])
    async with unit_of_work(b.database.app, b.home.id) as session:
        title = (await service.find(session, request, R, None)).party.facts["edition"]
    await rule(b.database, other, supply_answers="hand")
    await held(b.database, other, UUID(title))
    if how == "undecided":
        await ring_due(b.database, now() + timedelta(days=8))
        await deliver(b.database)
    else:
        await b.act(b.home, request, R, how)
    assert (await b.states(request, 1))["requester"] == "RETRY_REJECTED"
    async with unit_of_work(b.database.app, b.home.id) as session:
        found = await service.find(session, request, R, None)
    assert (found.party.attempt, found.party.supplier) == (2, other.id)


async def test_a_request_is_given_up_while_another_try_is_offered(borrowing: Borrowing) -> None:
    b = borrowing
    request, _ = await asked(b)
    await b.act(b.supplier, request, S, "offer_retry")
    await b.act(b.home, request, R, "cancel")
    wish = await b.wish(request)
    assert (wish.state, wish.attempt, wish.over) == ("CANCELLED", 1, True)


async def test_an_owner_has_the_return_wait_and_lets_it_go(
    borrowing: Borrowing, desks: dict[str, Desk]
) -> None:
    b = borrowing
    request, barcode = await given_back(b, desks["pickup"])
    await b.act(b.supplier, request, S, "hold_return", note="我们来取")
    assert await b.states(request) == {
        "requester": "HOLD_RETURN", "supplier": "RECEIVED", "pickup": "RETURNED",
    }  # fmt: skip
    for at, role, on in ((b.pickup, P, "send_on"), (b.supplier, S, "hold_return")):
        with pytest.raises(MoveRefused):
            await b.act(at, request, role, on)
    await b.act(b.supplier, request, S, "release_return")
    assert (await b.states(request))["requester"] == "CHECKED_IN"
    await b.act(b.pickup, request, P, "send_on")
    await b.act(b.supplier, request, S, "home")
    assert set((await b.states(request)).values()) == {"COMPLETED", "DONE"}
    assert (await b.item(b.supplier, barcode)).status == "on_shelf"


async def test_a_return_that_waits_is_wanted_back_after_all(
    borrowing: Borrowing, desks: dict[str, Desk]
) -> None:
    b = borrowing
    request, _ = await given_back(b, desks["pickup"])
    await b.act(b.supplier, request, S, "hold_return")
    await b.act(b.supplier, request, S, "recall", due=int((now() + timedelta(days=5)).timestamp()))
    assert (await b.states(request))["requester"] == "CHECKED_IN"
    await b.act(b.pickup, request, P, "send_on")
    assert (await b.states(request))["supplier"] == "SHIPPED_RETURN"


async def test_whoever_asks_how_it_stands_hears_what_was_missed(borrowing: Borrowing) -> None:
    b = borrowing
    request, _ = await asked(b)
    await b.act(b.home, request, R, "ask_status")
    stands = await b.states(request)
    assert stands == {"requester": "SUPPLIER_LOCATED", "supplier": "VALIDATED"}, "nothing new"
    async with unit_of_work(b.database.app, b.supplier.id) as session:
        await service.act(session, request, S, "agree")
        lost = update(Outbox).where(Outbox.about == request, Outbox.kind == "PartyTold")
        await session.execute(lost.values(kind="NobodyListens"))
    await deliver(b.database)
    assert (await b.states(request))["requester"] == "SUPPLIER_LOCATED", "the word is lost"
    for _ in range(2):
        await b.act(b.home, request, R, "ask_status")
        assert await b.states(request) == {
            "requester": "WILL_SUPPLY", "supplier": "WILL_SUPPLY", "pickup": "EXPECTED",
        }  # fmt: skip


async def test_the_home_says_that_a_book_was_sent_on_to_its_owner(
    borrowing: Borrowing, desks: dict[str, Desk]
) -> None:
    b = borrowing
    request, barcode = await given_back(b, desks["pickup"])
    await b.act(b.home, request, R, "forward", note="交由馆际车队")
    states = await b.states(request)
    assert (states["requester"], states["supplier"]) == ("SHIPPED_RETURNED", "SHIPPED_RETURN")
    assert (await facts(b, request, S))["note"] == "交由馆际车队"
    async with unit_of_work(b.database.app, b.supplier.id) as session:
        home = await session.scalar(select(Transit).where(Transit.leg == "home"))
        assert home is not None
        assert home.received_at is None
    await b.act(b.supplier, request, S, "home")
    assert set((await b.states(request)).values()) == {"COMPLETED", "DONE"}
    assert (await b.item(b.supplier, barcode)).status == "on_shelf"
    for at in (b.supplier, b.pickup):
        async with unit_of_work(b.database.app, at.id) as session:
            open_ways = select(Transit).where(Transit.received_at.is_(None))
            assert (await session.scalars(open_ways.where(Transit.lost_at.is_(None)))).all() == []
