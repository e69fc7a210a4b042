"""What becomes of the requests of a reader to whom the library lends no more."""

import re
from datetime import timedelta
from importlib.resources import files

import httpx
import pytest
from barring import bar, invalid, told, waiting
from borrowing import Borrowing, edition, held
from lending import deliver, desk_at, enrol, rule
from mint import Mint
from posting import reach
from sqlalchemy import select, update

from pinakes.federation.holds.rules import ReaderBarred
from pinakes.federation.lending.deciding import turn
from pinakes.federation.lending.model import Role, model
from pinakes.federation.lending.models import PartyRow
from pinakes.federation.lending.timers import ring_due
from pinakes.federation.notices.models import Notice
from pinakes.platform.clock import now
from pinakes.platform.db import unit_of_work

R, S, P = Role.REQUESTER, Role.SUPPLIER, Role.PICKUP
DAY = timedelta(days=1)
pytestmark = pytest.mark.anyio


async def test_nobody_is_asked_next_for_a_reader_who_may_not_borrow(borrowing: Borrowing) -> None:
    b = borrowing
    title = await edition(b.database, b.home.consortium)
    await held(b.database, b.supplier, title)
    await rule(b.database, b.supplier, supply_answers="hand")
    request = await b.place(title)
    await bar(b)
    await b.act(b.supplier, request, S, "decline", reason="NotOnShelf")
    wish = await b.wish(request)
    assert (wish.state, wish.over, wish.attempt) == ("INVALID_PATRON", False, 2)
    assert await told(b, request) == ["invalid"]
    with pytest.raises(ReaderBarred):
        await b.act(b.home, request, R, "look_again")
    await bar(b, lift=True)
    await deliver(b.database)
    assert (await b.wish(request)).state == "WAITING", "it goes on by itself"
    assert await told(b, request) == ["invalid"]


async def test_a_copy_that_comes_free_goes_to_the_next_who_may_borrow(
    borrowing: Borrowing, client: httpx.AsyncClient, mint: Mint
) -> None:
    b = borrowing
    title = await edition(b.database, b.home.consortium)
    [barcode] = await held(b.database, b.supplier, title)
    desk = desk_at(client, mint, b.supplier)
    mine, holder, other = b.reader, await enrol(b.database, b.home), await enrol(b.database, b.home)
    assert (await desk.lend(holder.card, barcode)).is_success
    await deliver(b.database)
    first = await b.place(title)
    b.reader = other
    second = await b.place(title)
    b.reader = mine
    assert (await b.wish(first)).state == (await b.wish(second)).state == "WAITING"
    await bar(b)
    assert (await desk.take_back(barcode)).is_success
    await deliver(b.database)
    assert (await b.wish(first)).state == "INVALID_PATRON"
    assert (await b.wish(second)).state == "WILL_SUPPLY"
    assert await told(b, first) == ["invalid"]


@pytest.mark.parametrize(("on", "state"), [("cancel", "CANCELLED"), ("close", "MANUALLY_CLOSED")])
async def test_a_barred_reader_s_request_can_be_ended(
    borrowing: Borrowing, on: str, state: str
) -> None:
    b = borrowing
    request, _ = await waiting(b)
    await bar(b)
    await invalid(b, request)
    await b.act(b.home, request, R, on)
    assert (await b.wish(request)).state == state


async def test_a_barred_reader_s_request_does_not_wait_for_ever(borrowing: Borrowing) -> None:
    b = borrowing
    request, _ = await waiting(b)
    await bar(b)
    await invalid(b, request)
    for days, state in ((364, "INVALID_PATRON"), (366, "UNFILLED")):
        await ring_due(b.database, now() + days * DAY)
        await deliver(b.database)
        assert (await b.wish(request)).state == state


async def test_a_request_of_version_1_goes_on_by_it(borrowing: Borrowing) -> None:
    b = borrowing
    request, _ = await waiting(b)
    async with unit_of_work(b.database.app, b.home.id) as session:
        ours = PartyRow.request_id == request
        await session.execute(update(PartyRow).where(ours).values(model=1))
    await bar(b)
    async with unit_of_work(b.database.app, b.home.id) as session:
        work = turn(session)
        found = await work.find(request, R)
        assert found is not None
        assert not await work.happen(found, "invalid")  # it knows of no such move
        await work.happen(found, "cancel")
        await work.write()
    await deliver(b.database)
    assert (await b.wish(request)).state == "CANCELLED"


async def test_nothing_is_looked_for_once_the_staff_have_read_a_barred_reader_s_wish(
    borrowing: Borrowing,
) -> None:
    b = borrowing
    title = await edition(b.database, b.home.consortium)
    await held(b.database, b.supplier, title, 2)
    await b.place(title)
    request = await b.place(title, sure=True)
    await bar(b)
    await b.act(b.home, request, R, "keep")
    assert (await b.wish(request)).state == "INVALID_PATRON"


async def test_a_retry_is_not_accepted_for_a_barred_reader(borrowing: Borrowing) -> None:
    b = borrowing
    title = await edition(b.database, b.home.consortium)
    await held(b.database, b.supplier, title)
    await rule(b.database, b.supplier, supply_answers="hand")
    request = await b.place(title)
    await b.act(b.supplier, request, S, "offer_retry")
    await bar(b)
    with pytest.raises(ReaderBarred):
        await b.act(b.home, request, R, "accept_retry")
    assert (await b.wish(request)).state == "RETRY_PENDING"


@pytest.mark.parametrize("way", [["receive_damaged"], ["receive", "lose"]])
async def test_what_ends_on_its_way_is_not_asked_for_again_for_a_barred_reader(
    borrowing: Borrowing, way: list[str]
) -> None:
    b = borrowing
    title = await edition(b.database, b.home.consortium)
    await held(b.database, b.supplier, title, 2)
    request = await b.place(title)
    await b.act(b.supplier, request, S, "ship")
    await bar(b)
    for on in way:
        await b.act(b.pickup, request, P, on)
    wish = await b.wish(request)
    assert (wish.state, wish.attempt) == ("INVALID_PATRON", 2)


def test_whoever_may_ask_next_looks_whether_the_reader_may_borrow() -> None:
    asking = {"next", "again", "choose", "look_again"}
    moves = [one for some in model().machines[R].moves.values() for one in some]
    starts = {move.start for move in moves if asking & {*move.do} and move.start != "NEW"}
    sql = files("pinakes.federation.lending").joinpath("functions.sql").read_text("utf-8")
    [states] = re.findall(r"'requester' AND p.state IN \(([^)]*)\)", sql)
    assert starts <= {*re.findall(r"\w+", states)}


async def test_each_time_that_a_reader_is_barred_is_told(borrowing: Borrowing) -> None:
    b = borrowing
    await reach(b.database, b.reader)
    request, _ = await waiting(b)
    for lift in (False, True, False):
        await bar(b, lift=lift)
        if not lift:
            await invalid(b, request)
        await deliver(b.database)
    async with unit_of_work(b.database.app, b.home.id) as session:
        assert (await session.scalars(select(Notice.kind))).all() == ["barred", "barred"]
