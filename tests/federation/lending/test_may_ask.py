"""What the staff look at before anybody is asked: second requests, and what nobody has."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from barring import told, waiting
from borrowing import Borrowing, edition, held
from conftest import MakeTenant
from lending import deliver, desk_at, rule
from mint import Mint
from sqlalchemy import select, text

from pinakes.federation.lending.model import Role
from pinakes.federation.lending.models import PartyRow
from pinakes.federation.lending.timers import ring_due
from pinakes.platform.clock import now
from pinakes.platform.db import public_work, unit_of_work

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


async def test_what_no_library_has_a_copy_of_is_looked_at_by_the_staff(
    borrowing: Borrowing,
) -> None:
    b = borrowing
    title = await edition(b.database, b.home.consortium)
    await held(b.database, b.supplier, title)
    async with public_work(b.database.public) as session:
        none = text("UPDATE commons.holding SET kinds = '{}', lendable = 0 WHERE edition_id = :id")
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
