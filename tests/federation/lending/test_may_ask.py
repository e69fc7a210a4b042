"""Who may ask: for the same title twice, and after the library has stopped lending to somebody."""

import re
from datetime import timedelta
from importlib.resources import files
from typing import Any
from uuid import UUID

import httpx
import pytest
from borrowing import Borrowing, edition, held
from conftest import MakeTenant
from lending import deliver, desk_at, enrol, rule
from mint import Mint
from posting import reach
from sqlalchemy import select, text, update

from pinakes.federation.holds.rules import ReaderBarred
from pinakes.federation.lending.deciding import turn
from pinakes.federation.lending.events import ReaderConcerned
from pinakes.federation.lending.model import Role, model
from pinakes.federation.lending.models import PartyRow
from pinakes.federation.lending.timers import ring_due
from pinakes.federation.notices.models import Notice
from pinakes.platform.clock import now
from pinakes.platform.db import public_work, unit_of_work
from pinakes.platform.messages import Outbox
from pinakes.tenants.readers.machine import Block
from pinakes.tenants.readers.models import Reader
from pinakes.tenants.readers.service import block, unblock

R, S, P = Role.REQUESTER, Role.SUPPLIER, Role.PICKUP
DAY = timedelta(days=1)
pytestmark = pytest.mark.anyio


@pytest.fixture
async def twice(borrowing: Borrowing) -> tuple[UUID, UUID]:
    """A title with two copies, and the second request that its reader insists on."""
    b = borrowing
    title = await edition(b.database, b.home.consortium)
    await held(b.database, b.supplier, title, 2)
    await b.place(title)
    return title, await b.place(title, sure=True)


async def bar(b: Borrowing, *, lift: bool = False) -> None:
    """The home stops lending to our reader, or begins again."""
    async with unit_of_work(b.database.app, b.home.id) as session:
        mine = select(Reader.id).where(Reader.person_id == b.reader.person)
        id = await session.scalar(mine)
        assert id is not None
        await (unblock if lift else block)(session, id, Block.FEES)


async def told(b: Borrowing, request: UUID) -> list[str]:
    """What befell the request that its reader is told of."""
    async with unit_of_work(b.database.app, b.home.id) as session:
        kinds = Outbox.kind == ReaderConcerned.__name__
        rows = await session.scalars(select(Outbox).where(kinds, Outbox.about == request))
        return [row.body["happened"] for row in rows]


async def test_a_reader_who_insists_is_looked_at_by_the_staff(
    borrowing: Borrowing, twice: tuple[UUID, UUID], client: httpx.AsyncClient, mint: Mint
) -> None:
    b, (_, request) = borrowing, twice
    assert (await b.wish(request)).state == "DUPLICATE"
    assert await b.states(request) == {"requester": "DUPLICATE"}
    headers = mint.staff(f"desk@{b.home.code}") | {"Accept-Language": "zh", "Accept": "text/html"}
    page = await client.get(f"/b/{b.home.code}/lending/problem", headers=headers)
    assert "重复申请" in page.text
    await b.act(b.home, request, R, "keep")
    assert (await b.wish(request)).state == "WILL_SUPPLY"


async def test_a_second_request_that_is_one_too_many_is_closed(
    borrowing: Borrowing, twice: tuple[UUID, UUID]
) -> None:
    b, (title, request) = borrowing, twice
    await b.act(b.home, request, R, "drop")
    wish = await b.wish(request)
    assert (wish.state, wish.over) == ("CLOSED_DUPLICATE", True)
    assert (await b.wish(await b.place(title, sure=True))).state == "DUPLICATE"


async def test_what_nobody_looks_at_goes_on(borrowing: Borrowing, twice: tuple[UUID, UUID]) -> None:
    b, (_, request) = borrowing, twice
    await ring_due(b.database, now() + 8 * DAY)
    await deliver(b.database)
    assert (await b.wish(request)).state == "WILL_SUPPLY"


async def test_staff_who_ask_for_a_reader_have_looked_already(
    borrowing: Borrowing, twice: tuple[UUID, UUID], client: httpx.AsyncClient, mint: Mint
) -> None:
    b, (title, _) = borrowing, twice
    desk = desk_at(client, mint, b.home)
    wish = {"edition": str(title), "pickup": b.pickup.code, "card": b.reader.card}
    warned = await desk.ask("/requests", wish)
    assert warned.json()["code"] == "hold_has_it_already"
    placed = await desk.ask("/requests", wish | {"sure": True})
    assert (placed.status_code, placed.json()["state"]) == (201, "SENT")


async def test_who_has_the_book_at_home_is_warned_too(
    borrowing: Borrowing, client: httpx.AsyncClient, mint: Mint, me: dict[str, str]
) -> None:
    b = borrowing
    title = await edition(b.database, b.home.consortium)
    barcode, _ = await held(b.database, b.supplier, title, 2)
    assert (await desk_at(client, mint, b.supplier).lend(b.reader.card, barcode)).is_success
    await deliver(b.database)
    wish = {"edition": str(title), "pickup": b.pickup.code}
    answer = await client.post(f"/v1/b/{b.home.code}/requests", json=wish, headers=me)
    assert answer.json()["code"] == "hold_has_it_already"


async def test_the_same_words_twice_are_warned_of(
    borrowing: Borrowing, client: httpx.AsyncClient, me: dict[str, str]
) -> None:
    b = borrowing
    path = f"/v1/b/{b.home.code}/requests"
    wish: dict[str, Any] = {"title": "The Lost Book", "pickup": b.pickup.code}
    assert (await client.post(path, json=wish, headers=me)).json()["state"] == "NEEDS_REVIEW"
    again = await client.post(path, json=wish | {"title": "the lost book"}, headers=me)
    assert again.json()["code"] == "hold_has_it_already"


async def test_what_nobody_finds_in_time_ends_and_its_reader_is_told(
    borrowing: Borrowing,
) -> None:
    b = borrowing
    request = await b.place(None, title="The Lost Book")
    await ring_due(b.database, now() + 61 * DAY)
    await deliver(b.database)
    assert (await b.wish(request)).state == "UNFILLED"
    assert await told(b, request) == ["unreviewed"]


async def test_a_wish_without_a_day_waits_a_year_and_no_longer(borrowing: Borrowing) -> None:
    b = borrowing
    request, _ = await waiting(b)
    for days, state in ((364, "WAITING"), (366, "UNFILLED")):
        await ring_due(b.database, now() + days * DAY)
        await deliver(b.database)
        assert (await b.wish(request)).state == state


async def waiting(b: Borrowing) -> tuple[UUID, str]:
    """A request that waits for the one copy, which is lent."""
    title = await edition(b.database, b.home.consortium)
    [barcode] = await held(b.database, b.supplier, title)
    await rule(b.database, b.supplier, supply_answers="hand")
    request = await b.place(title)
    await b.act(b.supplier, request, S, "decline", reason="NotOnShelf")
    assert (await b.wish(request)).state == "WAITING"
    return request, barcode


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


async def invalid(b: Borrowing, request: UUID) -> None:
    """The next copy that comes free finds that the reader may not borrow."""
    async with unit_of_work(b.database.app, b.home.id) as session:
        work = turn(session)
        found = await work.find(request, R)
        assert found is not None
        assert found.barred
        assert await work.happen(found, "invalid")
        await work.write()
    await deliver(b.database)


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
    borrowing: Borrowing, twice: tuple[UUID, UUID]
) -> None:
    b, (_, request) = borrowing, twice
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


async def test_what_no_library_has_a_copy_of_is_looked_at_by_the_staff(
    borrowing: Borrowing,
) -> None:
    b = borrowing
    title = await edition(b.database, b.home.consortium)
    await held(b.database, b.supplier, title)
    async with public_work(b.database.public) as session:
        none = text("UPDATE commons.holding SET items = 0, available = 0 WHERE edition_id = :id")
        await session.execute(none, {"id": title})
    request = await b.place(title)
    assert (await b.wish(request)).state == "NEEDS_REVIEW"


async def test_the_next_library_reads_what_the_reader_wrote_and_nothing_else(
    borrowing: Borrowing, make_tenant: MakeTenant
) -> None:
    b = borrowing
    another = await make_tenant(b.directory.ids[b.home.path[-2]])
    await b.directory.refresh(b.database.public)
    title = await edition(b.database, b.home.consortium)
    for at in (b.supplier, another):
        await held(b.database, at, title)
        await rule(b.database, at, supply_answers="hand")
    request = await b.place(title, note="volume two, please")
    first, then = b.supplier, another
    if "supplier" not in await b.states(request):
        first, then = another, b.supplier
    await b.act(b.home, request, R, "write", note="for the first alone")
    await b.act(first, request, S, "decline", note="confidential")
    async with unit_of_work(b.database.app, then.id) as session:
        [facts] = await session.scalars(select(PartyRow.facts).where(PartyRow.role == S))
    assert [one["note"] for one in facts["notes"]] == ["volume two, please"]
    assert "confidential" not in str(facts)
    assert "first alone" not in str(facts)
