"""Whoever takes a book back at the desk is told at once whether it may go on the shelf."""

from html import unescape
from uuid import UUID

import httpx
import pytest
from borrowing import Borrowing, edition, held
from lending import Desk, deliver, enrol
from mint import Mint
from request_desk import CHINESE, ENGLISH
from sqlalchemy import text

from pinakes.federation.lending.model import Role
from pinakes.platform.db import public_work
from pinakes.platform.directory import Tenant

pytestmark = pytest.mark.anyio

FORGET = text("DELETE FROM commons.supply WHERE request_id = :request")
ASKED = text("""
    INSERT INTO commons.supply (request_id, attempt, supplier, home, edition_id, pending)
    VALUES (:request, :attempt, :supplier, :supplier, :edition, false)
""")

WORDS = {
    "put_aside": ("Put it aside: somebody waits for it", "请放在一边：有人在等这本书"),
    "send_on": ("Send it on: it is another library's", "请寄出：这是他馆的书"),
}


@pytest.fixture
async def two(borrowing: Borrowing, desks: dict[str, Desk]) -> tuple[UUID, list[str]]:
    """A title, and the barcodes of both its copies, which a visitor of the supplier has."""
    b = borrowing
    title = await edition(b.database, b.home.consortium)
    barcodes = await held(b.database, b.supplier, title, 2)
    visitor = await enrol(b.database, b.supplier)
    for barcode in barcodes:
        assert (await desks["supplier"].lend(visitor.card, barcode)).status_code == 201
    await deliver(b.database)
    return title, barcodes


async def alter(b: Borrowing, request: UUID, column: str) -> None:
    """Set this of a wish that waits."""
    async with public_work(b.database.public) as session:
        changed = f"UPDATE commons.wanted SET {column} WHERE request_id = :request RETURNING 1"
        assert (await session.execute(text(changed), {"request": request})).all()


async def then(desk: Desk, barcode: str) -> str | None:
    """What the desk is told to do with a book that it takes back."""
    answer = await desk.take_back(barcode)
    assert answer.status_code == 200, answer.text
    told: str | None = answer.json()["then"]
    return told


async def test_a_book_that_somebody_waits_for_is_put_aside(
    borrowing: Borrowing, desks: dict[str, Desk], two: tuple[UUID, list[str]]
) -> None:
    b, (title, [one, other]), desk = borrowing, two, desks["supplier"]
    await b.place(title)
    assert await then(desk, one) == "put_aside"
    await deliver(b.database)
    [pull] = (await desk.look("/worklists/pull"))["items"]
    assert pull["barcode"] == one
    assert await then(desk, other) is None, "who waited has the first"


async def test_a_book_that_nobody_waits_for_now_is_shelved(
    client: httpx.AsyncClient,
    borrowing: Borrowing,
    desks: dict[str, Desk],
    two: tuple[UUID, list[str]],
    me: dict[str, str],
) -> None:
    b, (title, [one, other]), desk = borrowing, two, desks["supplier"]
    request = await b.place(title)
    path = f"/v1/b/{b.home.code}/requests/{request}"
    assert (await client.post(f"{path}/suspend", json={}, headers=me)).status_code == 204
    assert await then(desk, one) is None
    await b.act(b.home, request, Role.REQUESTER, "cancel")
    assert await then(desk, other) is None


async def test_a_book_that_comes_too_late_is_shelved(
    borrowing: Borrowing, desks: dict[str, Desk], two: tuple[UUID, list[str]]
) -> None:
    b, (title, barcodes), desk = borrowing, two, desks["supplier"]
    request = await b.place(title)
    for days, told in ((-3, None), (3, "put_aside")):
        await alter(b, request, f"needed_by = current_date + ({days})")
        assert await then(desk, barcodes.pop()) == told


async def test_a_book_that_its_library_has_let_lie_three_times_is_shelved(
    borrowing: Borrowing, desks: dict[str, Desk], two: tuple[UUID, list[str]]
) -> None:
    b, (title, barcodes), desk = borrowing, two, desks["supplier"]
    request = await b.place(title)
    await alter(b, request, f"refused = ARRAY[{b.supplier.id}]")
    for attempts, told in ((range(100, 103), None), ((), "put_aside")):
        async with public_work(b.database.public) as session:
            await session.execute(FORGET, {"request": request})
            for attempt in attempts:
                asked = {"request": request, "attempt": attempt, "supplier": b.supplier.id}
                await session.execute(ASKED, asked | {"edition": title})
        assert await then(desk, barcodes.pop()) == told


async def test_a_copy_that_is_not_the_one_waited_for_is_shelved(
    borrowing: Borrowing, desks: dict[str, Desk], two: tuple[UUID, list[str]]
) -> None:
    b, (title, [one, other]), desk = borrowing, two, desks["supplier"]
    item = await b.item(b.supplier, other)
    await b.place(title, owner=b.supplier.code, record=item.record_id, item=item.id)
    assert [await then(desk, barcode) for barcode in (one, other)] == [None, "put_aside"]


async def test_a_book_of_another_library_is_sent_on(
    borrowing: Borrowing, desks: dict[str, Desk]
) -> None:
    b, desk = borrowing, desks["pickup"]
    barcode = await on_loan(b, desk)
    assert await then(desk, barcode) == "send_on"
    await deliver(b.database)
    [ship] = (await desk.look("/worklists/ship"))["items"]
    assert ship["barcode"] == barcode


async def on_loan(b: Borrowing, desk: Desk) -> str:
    """The barcode of a book that our reader has from the pickup branch by a request."""
    title = await edition(b.database, b.home.consortium)
    [barcode] = await held(b.database, b.supplier, title)
    request = await b.place(title)
    await b.act(b.supplier, request, Role.SUPPLIER, "ship")
    for step in ("receive", "shelve"):
        await b.act(b.pickup, request, Role.PICKUP, step)
    assert (await desk.lend(b.reader.card, barcode)).status_code == 201
    await deliver(b.database)
    return barcode


@pytest.mark.parametrize("tongue", [0, 1])
async def test_the_page_says_it_and_leads_to_the_list(
    client: httpx.AsyncClient,
    mint: Mint,
    borrowing: Borrowing,
    desks: dict[str, Desk],
    two: tuple[UUID, list[str]],
    tongue: int,
) -> None:
    b, (title, [one, other]) = borrowing, two
    guest = await on_loan(b, desks["pickup"])
    b.reader = await enrol(b.database, b.home)
    await b.place(title)

    async def back(at: Tenant, barcode: str) -> str:
        headers = mint.staff(f"desk@{at.code}") | (ENGLISH, CHINESE)[tongue]
        form = {"scanned": barcode, "key": f"key-of-{barcode}"}
        return (await client.post(f"/b/{at.code}/desk/return", data=form, headers=headers)).text

    for at, barcode, said, to in (
        (b.supplier, one, "put_aside", ""),
        (b.pickup, guest, "send_on", "ship"),
        (b.supplier, other, None, ""),
    ):
        page = unescape(await back(at, barcode))
        await deliver(b.database)
        assert [name for name, words in WORDS.items() if words[tongue] in page] == (
            [said] if said else []
        )
        news = page.partition('class="notice done"')[2].partition("</div>")[0]
        assert (f'href="/b/{at.code}/lending/{to}"' in news) == bool(said)
