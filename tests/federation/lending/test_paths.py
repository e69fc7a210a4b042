"""What may come between placing and home again, over real rows and messages."""

from datetime import timedelta
from uuid import UUID

import httpx
import pytest
from borrowing import Borrowing, edition, held
from conftest import MakeTenant
from lending import Desk, deliver, desk_at, enrol, rule, stock
from mint import Mint
from posting import reach
from sqlalchemy import select, text, update

from pinakes.federation.lending import looking, privacy, scanning, service, views
from pinakes.federation.lending.chosen import Choice
from pinakes.federation.lending.events import PartyTold
from pinakes.federation.lending.finder import ItemOfSeveral
from pinakes.federation.lending.model import Role
from pinakes.federation.lending.models import Arrival, PartyRow, Request, Transit
from pinakes.federation.lending.party import MoveRefused
from pinakes.federation.lending.schemas import Scan, Scanned
from pinakes.federation.lending.timers import ring_due
from pinakes.federation.loans.models import Borrowed
from pinakes.federation.notices.models import Notice
from pinakes.platform.clock import now
from pinakes.platform.db import public_work, unit_of_work
from pinakes.platform.directory import Tenant
from pinakes.platform.messages import Outbox, emit
from pinakes.tenants.circulation.models import Loan
from pinakes.tenants.items import service as items
from pinakes.tenants.items.machine import Action
from pinakes.tenants.readers.rules import alias

R, S, P = Role.REQUESTER, Role.SUPPLIER, Role.PICKUP
DAY = timedelta(days=1)
ROUNDS = 4
pytestmark = pytest.mark.anyio


@pytest.fixture
def desk(client: httpx.AsyncClient, mint: Mint, borrowing: Borrowing) -> Desk:
    return desk_at(client, mint, borrowing.pickup)


async def wanted(b: Borrowing, copies: int = 1, **more: object) -> tuple[UUID, str]:
    """A request for a title that the supplier alone holds; and the first copy's barcode."""
    title = await edition(b.database, b.home.consortium)
    barcode, *_ = await held(b.database, b.supplier, title, copies)
    return await b.place(title, **more), barcode


async def at_hand(b: Borrowing, desk: Desk, note: str = "") -> tuple[UUID, str]:
    """A request whose book is with its reader."""
    request, barcode = await wanted(b, note=note)
    await b.act(b.supplier, request, S, "ship")
    await b.act(b.pickup, request, P, "receive")
    await b.act(b.pickup, request, P, "shelve")
    lent = await desk.lend(b.reader.card, barcode)
    assert lent.status_code == 201, lent.text
    await deliver(b.database)
    return request, barcode


async def scan(b: Borrowing, at: Tenant, barcode: str, **more: object) -> list[Scanned]:
    async with unit_of_work(b.database.app, at.id) as session:
        done = await scanning.scan(session, b.directory, Scan(barcode, **more))  # type: ignore[arg-type]
    await deliver(b.database)
    return done


async def later(b: Borrowing, days: float) -> None:
    """Ring whatever is due after so many days, and deliver what it tells.

    What is told then happens today, and may be due again: some rounds are enough.
    """
    for _ in range(ROUNDS):
        await ring_due(b.database, now() + days * DAY)
        await deliver(b.database)


async def test_a_scan_does_what_is_next(borrowing: Borrowing, desk: Desk) -> None:
    b = borrowing
    request, barcode = await wanted(b)
    verbs: list[str] = []
    for at in (b.supplier, b.pickup, b.pickup):
        verbs += [one.verb for one in await scan(b, at, barcode)]
    await desk.lend(b.reader.card, barcode)
    await desk.take_back(barcode)
    await deliver(b.database)
    for at in (b.pickup, b.supplier):
        verbs += [one.verb for one in await scan(b, at, barcode)]
    assert verbs == ["ship", "receive", "shelve", "send_on", "home"]
    assert set((await b.states(request)).values()) == {"COMPLETED", "DONE"}


async def test_every_transit_ends_where_it_was_meant_to(borrowing: Borrowing, desk: Desk) -> None:
    b = borrowing
    request, barcode = await at_hand(b, desk)
    await desk.take_back(barcode)
    await deliver(b.database)
    await b.act(b.pickup, request, P, "send_on")
    await b.act(b.supplier, request, S, "home")
    for at in (b.supplier, b.pickup):
        async with unit_of_work(b.database.app, at.id) as session:
            legs = (await session.scalars(select(Transit).order_by(Transit.id))).all()
            assert [leg.leg for leg in legs] == ["out", "home"]
            assert all(leg.received_at and not leg.lost_at for leg in legs)


async def test_a_refusal_moves_on_to_the_next_supplier_by_itself(
    borrowing: Borrowing, make_tenant: MakeTenant
) -> None:
    b = borrowing
    title = await edition(b.database, b.home.consortium)
    others = [await make_tenant(b.directory.ids[b.home.path[0]]) for _ in range(4)]
    for other in others:
        await held(b.database, other, title)
        await rule(b.database, other, supply_answers="hand")
    request = await b.place(title)
    asked: list[int] = []
    for attempt in range(1, 5):
        assert (await b.wish(request)).attempt == attempt
        asked += await asked_now(b, request)
        await b.act(b.directory.ids[asked[-1]], request, S, "decline", reason="NotOnShelf")
    assert sorted(asked) == sorted(other.id for other in others)
    assert ((await b.wish(request)).state, (await b.wish(request)).attempt) == ("WAITING", 5)


async def asked_now(b: Borrowing, request: UUID) -> list[int]:
    """Whom the last attempt has asked."""
    async with unit_of_work(b.database.app, b.home.id) as session:
        row = await service.find(session, request, R, None)
        return [row.party.supplier] if row.party.supplier is not None else []


async def test_silence_moves_on_too_and_a_late_book_is_sent_back(
    borrowing: Borrowing,
) -> None:
    b = borrowing
    await rule(b.database, b.supplier, supply_answers="hand")
    request, _ = await wanted(b)
    await later(b, 3)
    assert (await b.wish(request)).state == "WAITING"
    assert (await b.states(request, 1))["supplier"] == "CANCELLED"


@pytest.mark.parametrize("stage", ["asked", "promised", "shipped", "arrived", "ready"])
async def test_a_request_can_be_cancelled_at_every_stage(borrowing: Borrowing, stage: str) -> None:
    b = borrowing
    if stage == "asked":
        await rule(b.database, b.supplier, supply_answers="hand")
    request, barcode = await wanted(b)
    steps = {"shipped": 1, "arrived": 2, "ready": 3}.get(stage, 0)
    for at, role, on in [
        (b.supplier, S, "ship"),
        (b.pickup, P, "receive"),
        (b.pickup, P, "shelve"),
    ][:steps]:
        await b.act(at, request, role, on)
    await b.act(b.home, request, R, "cancel")
    if stage == "shipped":
        await b.act(b.pickup, request, P, "receive")
    if steps:
        await b.act(b.pickup, request, P, "send_on")
        await b.act(b.supplier, request, S, "home")
    states = await b.states(request)
    ended = "COMPLETED" if steps else "CANCELLED"
    assert (states["requester"], states["supplier"]) == (ended, ended)
    assert (await b.item(b.supplier, barcode)).status == "on_shelf"


async def test_conditions_are_told_and_accepted(borrowing: Borrowing) -> None:
    b = borrowing
    await rule(b.database, b.supplier, supply_answers="hand")
    request, _ = await wanted(b)
    await b.act(b.supplier, request, S, "condition", condition="LibraryUseOnly")
    assert (await b.states(request))["requester"] == "CONDITION_PENDING"
    await b.act(b.home, request, R, "accept")
    assert await b.states(request) == {
        "requester": "WILL_SUPPLY", "supplier": "CONDITION_ACCEPTED", "pickup": "EXPECTED",
    }  # fmt: skip


async def test_a_renewal_reaches_the_loan_at_the_pickup_branch(
    borrowing: Borrowing, desk: Desk
) -> None:
    b = borrowing
    request, _ = await at_hand(b, desk)
    before = await loan(b)
    await b.act(b.home, request, R, "renew")
    assert (await b.states(request))["requester"] == "CHECKED_OUT"
    after = await loan(b)
    assert after.due_at > before.due_at
    async with unit_of_work(b.database.app, b.home.id) as session:
        known = await session.scalar(select(Borrowed).where(Borrowed.id == after.id))
    assert known is not None
    assert known.due_at == after.due_at


async def loan(b: Borrowing) -> Loan:
    async with unit_of_work(b.database.app, b.pickup.id) as session:
        found = await session.scalar(select(Loan).order_by(Loan.id.desc()).limit(1))
        assert found is not None
        return found


async def test_a_recall_shortens_the_loan(borrowing: Borrowing, desk: Desk) -> None:
    b = borrowing
    request, _ = await at_hand(b, desk)
    soon = int((now() + 5 * DAY).timestamp())
    await b.act(b.supplier, request, S, "recall", due=soon)
    assert await b.states(request) == {
        "requester": "RECALLED", "supplier": "RECALLED", "pickup": "LENT",
    }  # fmt: skip
    assert int((await loan(b)).due_at.timestamp()) == soon


async def test_the_loan_of_a_request_ends_by_the_request_alone(
    borrowing: Borrowing, desk: Desk
) -> None:
    await at_hand(borrowing, desk)
    lent = await loan(borrowing)
    refused = await desk.ask(f"/loans/{lent.id}/end", {"outcome": "lost"})
    assert (refused.status_code, refused.json()["code"]) == (409, "loan_of_request")


async def payers(b: Borrowing, request: UUID) -> list[str]:
    """Who pays for the loss, as each party of the first attempt knows it."""
    found: list[str] = []
    for at in (b.home, b.supplier, b.pickup):
        async with unit_of_work(b.database.app, at.id) as session:
            rows = select(PartyRow).where(PartyRow.request_id == request, PartyRow.attempt == 1)
            found += [row.facts["payer"] for row in await session.scalars(rows)]
    return found


async def test_a_lost_book_ends_for_all_parties(borrowing: Borrowing, desk: Desk) -> None:
    b = borrowing
    request, barcode = await at_hand(b, desk)
    await b.act(b.pickup, request, P, "lose", payer="pickup")
    assert await payers(b, request) == ["pickup"] * 3
    assert await b.states(request) == {
        "requester": "LOST", "supplier": "COMPLETED_WITHOUT_RETURN", "pickup": "LOST",
    }  # fmt: skip
    assert (await b.item(b.supplier, barcode)).status == "lost"
    assert ((await loan(b)).returned_at is None, (await loan(b)).outcome) == (False, "lost")


async def test_what_a_reader_claims_to_have_returned_is_lost_after_a_while(
    borrowing: Borrowing, desk: Desk
) -> None:
    b = borrowing
    request, _ = await at_hand(b, desk)
    await b.act(b.pickup, request, P, "claim")
    await later(b, 61)
    assert (await b.states(request))["requester"] == "LOST"


async def test_a_book_that_goes_home_twice_is_on_its_way_twice(
    borrowing: Borrowing, desk: Desk
) -> None:
    b = borrowing
    request, _ = await at_hand(b, desk)
    for begins in ("lose", "return"):
        await b.act(b.pickup, request, P, begins)
    await b.act(b.pickup, request, P, "send_on")
    await later(b, 22)
    assert (await b.states(request))["supplier"] == "COMPLETED_WITHOUT_RETURN"
    for again in ("receive", "send_on"):
        await b.act(b.pickup, request, P, again)
    async with unit_of_work(b.database.app, b.pickup.id) as session:
        ways = select(Transit).where(Transit.leg == "home").order_by(Transit.id)
        first, second = await session.scalars(ways)
    assert first.received_at is not None
    assert (second.received_at, second.lost_at) == (None, None)


async def test_a_late_word_of_a_written_off_book_takes_it_from_nobody(
    borrowing: Borrowing, desk: Desk, client: httpx.AsyncClient, mint: Mint
) -> None:
    b = borrowing
    request, barcode = await at_hand(b, desk)
    await b.act(b.pickup, request, P, "lose")
    await b.act(b.pickup, request, P, "return")
    item = await b.item(b.supplier, barcode)
    async with unit_of_work(b.database.app, b.supplier.id) as session:
        await items.act(session, item.id, Action.SHELVE)
    other = await enrol(b.database, b.supplier)
    lent = await desk_at(client, mint, b.supplier).lend(other.card, barcode)
    assert lent.status_code == 201, lent.text
    await b.act(b.pickup, request, P, "send_on")
    assert (await b.item(b.supplier, barcode)).status == "lent"


async def test_what_branches_write_to_each_other_is_all_kept(
    borrowing: Borrowing, client: httpx.AsyncClient, mint: Mint
) -> None:
    b = borrowing
    request, _ = await wanted(b, note="第二版")
    await b.act(b.supplier, request, S, "write", note="Page 9 is torn")
    await b.act(b.home, request, R, "write", note="不要紧")
    await b.act(b.supplier, request, S, "ship")
    told = [("requester", "第二版"), ("supplier", "Page 9 is torn"), ("requester", "不要紧")]
    for at in (b.home, b.supplier):
        [party] = (await desk_at(client, mint, at).look(f"/requests/{request}"))["parties"]
        assert [(note["by"], note["note"]) for note in party["notes"]] == told


async def test_a_missing_book_leaves_the_shelf_and_the_next_is_asked(borrowing: Borrowing) -> None:
    b = borrowing
    request, barcode = await wanted(b)
    await b.act(b.supplier, request, S, "miss", reason="NotOnShelf")
    assert (await b.item(b.supplier, barcode)).status == "missing"
    assert (await b.wish(request)).attempt == 2
    assert (await b.states(request, 1))["pickup"] == "CANCELLED"


async def test_a_book_that_arrived_damaged_may_be_lost_after_all(borrowing: Borrowing) -> None:
    b = borrowing
    request, barcode = await wanted(b)
    await b.act(b.supplier, request, S, "ship")
    await b.act(b.pickup, request, P, "receive_damaged")
    await b.act(b.pickup, request, P, "lose", payer="pickup")
    assert await payers(b, request) == ["pickup"] * 3
    assert await b.states(request, attempt=1) == {
        "requester": "LOST", "supplier": "COMPLETED_WITHOUT_RETURN", "pickup": "LOST",
    }  # fmt: skip
    assert (await b.item(b.supplier, barcode)).status == "lost"


async def test_a_book_that_arrives_damaged_goes_home_and_the_next_is_asked(
    borrowing: Borrowing,
) -> None:
    b = borrowing
    request, barcode = await wanted(b)
    await b.act(b.supplier, request, S, "ship")
    [done] = await scan(b, b.pickup, barcode, damaged=True)
    assert done.verb == "receive_damaged"
    await b.act(b.pickup, request, P, "send_on")
    await scan(b, b.supplier, barcode, damaged=True)
    assert (await b.item(b.supplier, barcode)).status == "damaged"
    assert (await b.states(request, 1))["requester"] == "COMPLETED"


async def test_a_book_that_never_arrives_is_found_by_its_timer_once(borrowing: Borrowing) -> None:
    b = borrowing
    request, barcode = await wanted(b)
    await b.act(b.supplier, request, S, "ship")
    await later(b, 15)
    await later(b, 400)
    states = await b.states(request, 1)
    assert (states["pickup"], states["requester"]) == ("NEVER_ARRIVED", "LOST")
    assert states["supplier"] == "COMPLETED_WITHOUT_RETURN"
    assert await payers(b, request) == ["requester"] * 3
    [late] = await scan(b, b.pickup, barcode)
    assert late.verb == "receive"


@pytest.mark.parametrize("stage", ["SHIPPED", "RECEIVED", "READY_FOR_PICKUP", "cancelled"])
async def test_a_book_that_its_owner_writes_off_before_the_reader_had_it_moves_on(
    borrowing: Borrowing, make_tenant: MakeTenant, stage: str
) -> None:
    b = borrowing
    await reach(b.database, b.reader)
    title = await edition(b.database, b.home.consortium)
    await held(b.database, b.supplier, title)
    request = await b.place(title)
    other = await make_tenant(b.directory.ids[b.home.path[0]])
    await held(b.database, other, title)
    await b.act(b.supplier, request, S, "ship")
    steps = {"RECEIVED": ["receive"], "READY_FOR_PICKUP": ["receive", "shelve"]}.get(stage, [])
    for on in steps:
        await b.act(b.pickup, request, P, on)
    if stage == "cancelled":
        await b.act(b.home, request, R, "cancel")
    for on in ("recall", "write_off"):
        await b.act(b.supplier, request, S, on)
    assert (await b.states(request, 1))["requester"] == "LOST"
    async with unit_of_work(b.database.app, b.home.id) as session:
        told = (await session.scalars(select(Notice.kind).where(Notice.about == request))).all()
    if stage == "cancelled":
        assert ((await b.wish(request)).attempt, told) == (1, [])
    else:
        assert (await asked_now(b, request), "gone" in told) == ([other.id], True)


async def test_an_uncollected_book_goes_home(borrowing: Borrowing) -> None:
    b = borrowing
    request, barcode = await wanted(b)
    for at in (b.supplier, b.pickup, b.pickup):
        await scan(b, at, barcode)
    await later(b, 8)
    assert await b.states(request) == {
        "requester": "CHECKED_IN", "supplier": "RECEIVED", "pickup": "UNCOLLECTED",
    }  # fmt: skip


async def test_a_book_is_returned_at_a_branch_that_has_nothing_to_do_with_it(
    borrowing: Borrowing, desk: Desk, make_tenant: MakeTenant
) -> None:
    b = borrowing
    request, barcode = await at_hand(b, desk)
    finder = await make_tenant(b.directory.ids[b.home.path[0]])
    [found] = await scan(b, finder, barcode)
    assert (found.verb, found.owner) == ("found", b.supplier.code)
    assert await b.states(request) == {
        "requester": "SHIPPED_RETURNED", "supplier": "SHIPPED_RETURN", "pickup": "SENT_ON",
    }  # fmt: skip
    assert (await loan(b)).returned_at is not None
    async with unit_of_work(b.database.app, finder.id) as session:
        arrival = await session.scalar(select(Arrival))
    assert arrival is not None
    assert (arrival.state, arrival.send_to) == ("known", b.supplier.id)
    await scan(b, b.supplier, barcode)
    assert (await b.states(request))["requester"] == "COMPLETED"


async def test_a_walk_in_loan_is_closed_by_a_scan_elsewhere(
    borrowing: Borrowing, client: httpx.AsyncClient, mint: Mint
) -> None:
    b = borrowing
    [barcode] = await stock(b.database, b.supplier)
    await desk_at(client, mint, b.supplier).lend(b.reader.card, barcode)
    await deliver(b.database)
    await scan(b, b.pickup, barcode)
    assert (await b.item(b.supplier, barcode)).status == "out"
    async with unit_of_work(b.database.app, b.home.id) as session:
        [known] = await session.scalars(select(Borrowed))
    assert known.returned_at is not None
    await scan(b, b.supplier, barcode)
    assert (await b.item(b.supplier, barcode)).status == "on_shelf"


async def test_an_item_that_nobody_knows_has_a_path(borrowing: Borrowing) -> None:
    [done] = await scan(borrowing, borrowing.pickup, "NOBODY-1")
    assert done.verb == "unknown"


async def test_a_barcode_of_two_branches_is_asked_about(borrowing: Borrowing) -> None:
    b = borrowing
    request, barcode = await wanted(b)
    async with unit_of_work(b.database.app, b.home.id) as session:
        record = await session.scalar(text("SELECT id FROM record LIMIT 1"))
        if record is None:
            await stock(b.database, b.home)
    [other] = await stock(b.database, b.home)
    async with unit_of_work(b.database.app, b.home.id) as session:
        await session.execute(
            text("UPDATE item SET barcode = :code WHERE barcode = :other"),
            {"code": barcode, "other": other},
        )
    with pytest.raises(ItemOfSeveral):
        await scan(b, b.pickup, barcode)
    [done] = await scan(b, b.pickup, barcode, owner=b.home.code)
    assert done.owner == b.home.code
    assert request


async def test_a_local_hold_needs_no_courier(
    borrowing: Borrowing, client: httpx.AsyncClient, mint: Mint
) -> None:
    b = borrowing
    b.home = b.pickup = b.supplier
    b.reader = await enrol(b.database, b.home)
    request, barcode = await wanted(b)
    await scan(b, b.home, barcode)
    assert await b.states(request) == {
        "requester": "READY_FOR_PICKUP", "supplier": "RECEIVED", "pickup": "READY",
    }  # fmt: skip
    stranger = await enrol(b.database, b.home)
    desk = desk_at(client, mint, b.home)
    refused = await desk.lend(stranger.card, barcode)
    assert refused.json()["code"] == "item_not_available"
    assert (await desk.lend(b.reader.card, barcode)).status_code == 201
    await deliver(b.database)
    await desk.take_back(barcode)
    await deliver(b.database)
    assert set((await b.states(request)).values()) == {"COMPLETED", "DONE"}
    assert (await b.item(b.home, barcode)).status == "on_shelf"


async def test_a_waiting_request_gets_the_copy_that_comes_free(borrowing: Borrowing) -> None:
    b = borrowing
    first, barcode = await wanted(b)
    async with public_work(b.database.public) as session:
        shown = text("SELECT edition_id FROM commons.holding WHERE tenant_id = :id")
        title: UUID = (await session.execute(shown, {"id": b.supplier.id})).scalar_one()
    b.reader = await enrol(b.database, b.home)
    second = await b.place(title)
    assert (await b.wish(second)).state == "WAITING"
    assert [why.rule for why in await chosen(b, second)] == ["nobody"]
    third = await b.place_again(title)
    [why] = await chosen(b, third)
    assert (why.rule, why.supplier, why.considered) == ("others_wait", None, [])
    await b.act(b.home, first, R, "cancel")
    assert (await b.states(second))["supplier"] == "WILL_SUPPLY"
    [why] = await chosen(b, second)
    assert (why.supplier, why.rule) == (b.supplier.code, "first_in_line")
    [best] = why.considered
    assert (best.supplier, best.place, why.ranked_by) == (b.supplier.code, 1, "only_one")
    assert best.figures["available"] == 1
    [done] = await scan(b, b.supplier, barcode)
    assert (done.verb, done.send_to) == ("ship", b.pickup.code)


async def chosen(b: Borrowing, request: UUID) -> list[Choice]:
    """Why whom it asked, or asked nobody, as its home tells."""
    async with unit_of_work(b.database.app, b.home.id) as session:
        return (await looking.whole(session, b.directory, request)).chosen


async def test_who_no_longer_waits_leaves_the_queue(borrowing: Borrowing) -> None:
    b = borrowing
    await rule(b.database, b.supplier, supply_answers="hand")
    request, _ = await wanted(b)
    await b.act(b.supplier, request, S, "decline")
    assert (await b.wish(request)).state == "WAITING"
    await b.act(b.home, request, R, "cancel")
    async with public_work(b.database.public) as session:
        waits = await session.scalar(
            text("SELECT count(*) FROM commons.wanted WHERE request_id = :id"), {"id": request}
        )
    assert waits == 0


async def test_every_open_request_is_asked_about_however_many_there_are(
    borrowing: Borrowing, monkeypatch: pytest.MonkeyPatch
) -> None:
    b = borrowing
    for _ in range(3):
        await wanted(b)
    await stand_still(b)
    monkeypatch.setattr(views, "MOST", 2)
    async with unit_of_work(b.database.app, b.home.id) as session:
        await views.ask_all(session, now())
        asked = await session.scalars(
            select(Outbox).where(Outbox.kind == "ViewsAsked", Outbox.receiver == b.supplier.id)
        )
        assert sorted(len(one.body["parties"]) for one in asked) == [1, 2]


async def test_a_disagreement_is_found_and_repaired(borrowing: Borrowing) -> None:
    b = borrowing
    request, _ = await wanted(b)
    await b.act(b.supplier, request, S, "ship")
    async with unit_of_work(b.database.app, b.home.id) as session:
        await session.execute(
            update(PartyRow).where(PartyRow.request_id == request).values(state="WILL_SUPPLY")
        )
    await stand_still(b)
    async with unit_of_work(b.database.app, b.home.id) as session:
        await views.ask_all(session, now())
    await deliver(b.database)
    async with unit_of_work(b.database.app, b.home.id) as session:
        assert await views.in_trouble(session) == [request]
        await views.repair(session, request)
    await deliver(b.database)
    assert (await b.states(request))["requester"] == "SHIPPED"
    async with unit_of_work(b.database.app, b.home.id) as session:
        assert await views.in_trouble(session) == []


async def stand_still(b: Borrowing) -> None:
    """Let every row look as if nobody had touched it for a while."""
    for at in (b.home, b.supplier, b.pickup):
        async with unit_of_work(b.database.app, at.id) as session:
            await session.execute(
                update(PartyRow).values(changed_at=text("now() - interval '5 minutes'"))
            )


async def test_what_is_no_party_learns_nothing(borrowing: Borrowing, neighbour: Tenant) -> None:
    b = borrowing
    request, _ = await wanted(b)
    async with unit_of_work(b.database.app, neighbour.id) as session:
        with pytest.raises(service.NoSuchRequest):
            await service.find(session, request, R, None)


async def test_a_party_says_only_what_is_its_own_to_say(
    borrowing: Borrowing, neighbour: Tenant
) -> None:
    b = borrowing
    request, _ = await wanted(b)
    await b.act(b.supplier, request, S, "ship")
    for sender, signal in [
        (b.pickup, "LoanCompleted"),
        (neighbour, "Arrived"),
        (b.supplier, "Ready"),
    ]:
        told = PartyTold(
            about=request, attempt=1, role=R, signal=signal, home=b.home.id, pickup=b.pickup.id,
            supplier=b.supplier.id, service="Normal", model=1, flags=[], facts={"person": "x"},
        )  # fmt: skip
        async with unit_of_work(b.database.app, sender.id) as session:
            emit(session, told, to=b.home.id)
        await deliver(b.database)
    assert (await b.states(request))["requester"] == "SHIPPED"


async def test_no_message_to_the_supplier_names_the_reader(borrowing: Borrowing) -> None:
    b = borrowing
    request, _ = await wanted(b)
    async with public_work(b.database.carrier) as session:
        rows = await session.scalars(select(Outbox).where(Outbox.receiver == b.supplier.id))
        told = "".join(str(row.body) for row in rows)
    assert str(request) in told
    assert str(b.reader.person) not in told
    assert b.reader.card[-4:] not in told


async def test_whose_it_was_is_forgotten_some_time_after_the_end(
    borrowing: Borrowing, desk: Desk
) -> None:
    b = borrowing
    request, barcode = await at_hand(b, desk, note="请打电话")
    await desk.take_back(barcode)
    await deliver(b.database)
    for at in (b.pickup, b.supplier):
        await scan(b, at, barcode)
    past = now() - 200 * DAY
    for table in (PartyRow, Request):
        for at in (b.home, b.pickup):
            async with unit_of_work(b.database.app, at.id) as session:
                await session.execute(update(table).values(created_at=past, changed_at=past))
                await privacy.cut(session, at.id)
    async with unit_of_work(b.database.app, b.pickup.id) as session:
        [row] = await session.scalars(select(PartyRow))
    assert {"person", "alias", "label", "note"}.isdisjoint(row.facts)
    wish = await b.wish(request)
    assert (wish.person_id, wish.note) == (None, "")


async def test_the_last_words_of_a_request_name_nobody_either_after_a_while(
    borrowing: Borrowing,
) -> None:
    b = borrowing
    request, _ = await wanted(b, copy=True)
    await b.act(b.supplier, request, S, "ship")
    assert await b.states(request) == {
        "requester": "COMPLETED", "supplier": "COMPLETED", "pickup": "CANCELLED",
    }  # fmt: skip
    names = str(b.reader.person), str(alias(b.reader.person, b.pickup.id))
    for at, name in zip((b.home, b.pickup), names, strict=True):
        last = [{"person": name}]
        async with unit_of_work(b.database.app, at.id) as session:
            long_ago = update(PartyRow).values(changed_at=now() - 200 * DAY, said=last)
            [row] = await session.scalars(long_ago.returning(PartyRow))
            assert name in row.facts.values()
            await privacy.cut(session, at.id)
            await session.refresh(row)
            assert name not in f"{row.said} {row.facts}"


async def test_what_cannot_be_done_is_refused(borrowing: Borrowing) -> None:
    request, _ = await wanted(borrowing)
    with pytest.raises(MoveRefused):
        await borrowing.act(borrowing.supplier, request, S, "home")


async def test_a_supplier_that_lets_it_lie_is_asked_three_times_and_no_more(
    borrowing: Borrowing,
) -> None:
    b = borrowing
    request, _ = await wanted(b)  # it is promised at once, and never sent
    for _ in range(5):
        await later(b, 5)
    asked = await b.wish(request)
    assert (asked.state, asked.attempt) == ("WAITING", 4)
