"""A box of books: its number is said once, goes there and home again, and has a list of its own."""

import re
from html import unescape
from uuid import UUID

import httpx
import pytest
from borrowing import Borrowing, edition, held
from conftest import MakeTenant
from lending import Desk, deliver, desk_at, enrol, rule
from markupsafe import escape
from mint import Mint
from request_desk import CHINESE, ENGLISH
from sqlalchemy import select

from pinakes.federation.lending.model import Role
from pinakes.federation.lending.models import Transit
from pinakes.platform.db import unit_of_work
from pinakes.platform.directory import Tenant
from pinakes.tenants.items.models import Item

pytestmark = pytest.mark.anyio

S, P = Role.SUPPLIER, Role.PICKUP


class Hand:
    """Somebody at the page of worklists."""

    def __init__(self, client: httpx.AsyncClient, mint: Mint, here: Tenant) -> None:
        self.client, self.root = client, f"/b/{here.code}/lending"
        self.staff = mint.staff(f"desk@{here.code}")

    async def scan(self, barcode: str, parcel: str) -> httpx.Response:
        form = {"scanned": barcode, "parcel": parcel, "back": "ship"}
        path = f"{self.root}/scan"
        return await self.client.post(path, data=form, headers=self.staff | ENGLISH)

    async def look(self, path: str, tongue: dict[str, str] = ENGLISH) -> httpx.Response:
        return await self.client.get(f"{self.root}/{path}", headers=self.staff | tongue)


def field(page: str) -> str:
    """What stands in the field for the parcel's number."""
    [said] = re.findall(r'<input id="parcel"[^>]* value="([^"]*)"', page)
    return unescape(said)


async def promised(b: Borrowing, many: int) -> list[str]:
    """Barcodes of copies that the supplier is to send."""
    found = list[str]()
    for _ in range(many):
        title = await edition(b.database, b.home.consortium)
        found += await held(b.database, b.supplier, title)
        await b.place(title)
    return found


async def numbers(b: Borrowing, at: Tenant, leg: str) -> list[tuple[str | None, bool]]:
    """The parcels of these ways as a branch knows them, and whether each is still under way."""
    async with unit_of_work(b.database.app, at.id) as session:
        rows = await session.scalars(select(Transit).where(Transit.leg == leg))
        return [(row.parcel, row.received_at is None) for row in rows]


async def test_a_whole_box_is_scanned_there_and_home_again(
    client: httpx.AsyncClient, mint: Mint, borrowing: Borrowing, desks: dict[str, Desk]
) -> None:
    b = borrowing
    barcodes = await promised(b, 2)
    supplier, pickup = [Hand(client, mint, one) for one in (b.supplier, b.pickup)]
    for barcode in barcodes:
        page = (await supplier.scan(barcode, "BOX-1")).text
        assert (field(page), f"{supplier.root}/parcels?number=BOX-1" in page) == ("BOX-1", True)
    await deliver(b.database)
    received = await pickup.scan("BOX-1", "")
    assert received.text.count("It has arrived</p>") == len(barcodes)
    await deliver(b.database)
    for request in (await desks["pickup"].look("/worklists/shelf"))["items"]:
        cancel = f"/requests/{request['request']}/cancel"
        await desks["home"].ask(cancel)
    await deliver(b.database)
    for barcode in barcodes:
        page = (await pickup.scan(barcode, "HOME-2")).text
        assert (field(page), f"{pickup.root}/parcels?number=HOME-2" in page) == ("HOME-2", True)
    await deliver(b.database)
    assert await numbers(b, b.supplier, "home") == [("HOME-2", True)] * 2
    assert "HOME-2" in (await pickup.look("ship")).text
    [first, second] = (await desks["supplier"].ask("/scans", {"barcode": "HOME-2"})).json()["items"]
    assert {first["verb"], second["verb"]} == {"home"}
    await deliver(b.database)
    assert await numbers(b, b.supplier, "home") == [("HOME-2", False)] * 2
    assert "HOME-2" not in (await pickup.look("ship")).text


async def test_the_number_of_the_way_there_is_none_of_the_way_home(borrowing: Borrowing) -> None:
    b = borrowing
    title = await edition(b.database, b.home.consortium)
    await held(b.database, b.supplier, title)
    request = await b.place(title)
    await b.act(b.supplier, request, S, "ship", parcel="BOX-1")
    await b.act(b.pickup, request, P, "receive_damaged")
    await b.act(b.pickup, request, P, "send_on")
    for at in (b.pickup, b.supplier):
        assert await numbers(b, at, "home") == [(None, True)]


async def test_a_button_sends_into_the_parcel_whose_number_is_kept(
    client: httpx.AsyncClient, mint: Mint, borrowing: Borrowing, desks: dict[str, Desk]
) -> None:
    b = borrowing
    await promised(b, 1)
    [pull] = (await desks["supplier"].look("/worklists/pull"))["items"]
    hand = Hand(client, mint, b.supplier)
    path = f"{hand.root}/{pull['request']}/supplier/ship"
    page = (await hand.look("pull")).text
    assert re.search(rf'<button [^>]*form="scan" formaction="{path}"', page)
    form = {"attempt": "1", "back": "ship", "parcel": "箱子", "scanned": ""}
    wrong = await client.post(path, data=form, headers=hand.staff | ENGLISH)
    assert (wrong.status_code, field(wrong.text)) == (400, "箱子")
    form["parcel"] = "BOX/9 &"
    wrong = await client.post(path, data=form, headers=hand.staff | ENGLISH)
    assert wrong.status_code == 400
    form["parcel"] = "BOX-9&1"
    pressed = await client.post(path, data=form, headers=hand.staff | ENGLISH)
    assert pressed.status_code == 303
    shown = await client.get(pressed.headers["location"], headers=hand.staff | ENGLISH)
    assert field(shown.text) == "BOX-9&1"
    assert f"{hand.root}/parcels?number=BOX-9%261" in shown.text
    assert await numbers(b, b.supplier, "out") == [("BOX-9&1", True)]


async def test_a_parcel_has_one_list_for_each_receiver_until_it_has_arrived(
    client: httpx.AsyncClient, mint: Mint, borrowing: Borrowing
) -> None:
    b = borrowing
    barcodes = await promised(b, 2)
    hand, other = [Hand(client, mint, one) for one in (b.supplier, b.pickup)]
    await hand.scan(barcodes[0], "BOX-4")
    await deliver(b.database)
    await other.scan("BOX-4", "")
    await deliver(b.database)
    gone = await hand.look("parcels?number=BOX-4")
    assert (gone.status_code, "is on its way from here" in gone.text) == (404, True)
    await hand.scan(barcodes[1], "BOX-4")
    for tongue, words in ((ENGLISH, "1 book"), (CHINESE, "1 册")):
        page = (await hand.look("parcels?number=BOX-4", tongue)).text
        assert (words in page, barcodes[1] in page, barcodes[0] in page) == (True, True, False)
        assert 'class="wide slip"' in page
        listed = (await hand.look("ship", tongue)).text
        assert f'href="{hand.root}/parcels?number=BOX-4"' in listed
        assert words in listed
    assert (await other.look("parcels?number=BOX-4")).status_code == 404


async def test_a_parcel_opens_whatever_its_number(
    client: httpx.AsyncClient, mint: Mint, borrowing: Borrowing
) -> None:
    numbers = ("A/1", "//", "..", "a?b#c", "100%2F", "+&;", "<\"'>", "007")
    hand = Hand(client, mint, borrowing.supplier)
    for number, barcode in zip(numbers, await promised(borrowing, len(numbers)), strict=True):
        page = (await hand.scan(barcode, number)).text
        above, *listed = re.findall(rf'href="({hand.root}/parcels[^"]*)"', page)
        assert above in listed
        shown = await client.get(unescape(above), headers=hand.staff | ENGLISH)
        assert (shown.status_code, barcode in shown.text) == (200, True), number
        assert f"<code>{escape(number)}</code>" in shown.text


async def given_away(b: Borrowing, client: httpx.AsyncClient, mint: Mint, many: int) -> list[str]:
    """Barcodes of the supplier's books that visitors have from its desk."""
    title = await edition(b.database, b.home.consortium)
    barcodes = await held(b.database, b.supplier, title, many)
    visitor, desk = await enrol(b.database, b.supplier), desk_at(client, mint, b.supplier)
    for barcode in barcodes:
        answer = await desk.lend(visitor.card, barcode)
        assert answer.status_code == 201, answer.text
    await deliver(b.database)
    return barcodes


async def test_what_was_left_at_a_third_library_goes_home_in_a_box(
    client: httpx.AsyncClient, mint: Mint, borrowing: Borrowing, desks: dict[str, Desk]
) -> None:
    b = borrowing
    *packed, other = await given_away(b, client, mint, 3)
    finder = Hand(client, mint, b.pickup)
    for barcode in packed:
        page = (await finder.scan(barcode, "BOX-5")).text
        assert (field(page), f"{finder.root}/parcels?number=BOX-5" in page) == ("BOX-5", True)
    await finder.scan(other, "")
    await deliver(b.database)
    [first, *_] = (await desks["pickup"].look("/arrivals"))["items"][::-1]
    assert (first["barcode"], first["parcel"]) == (packed[0], "BOX-5")
    sent = f"{finder.root}/arrivals/{first['id']}/done"
    assert (await client.post(sent, headers=finder.staff)).status_code == 303
    for tongue, words in ((ENGLISH, "2 books"), (CHINESE, "2 册")):
        page = (await finder.look("parcels?number=BOX-5", tongue)).text
        assert [one for one in (*packed, words, b.supplier.name_zh) if one not in page] == []
        assert other not in page
        assert words in (await finder.look("ship", tongue)).text
    done = (await desks["supplier"].ask("/scans", {"barcode": "BOX-5"})).json()["items"]
    assert {(one["verb"], one["barcode"]) for one in done} == {("shelve", one) for one in packed}
    await deliver(b.database)
    stood = [(await b.item(b.supplier, barcode)).status for barcode in (*packed, other)]
    assert stood == ["on_shelf", "on_shelf", "out"]
    assert (await finder.look("parcels?number=BOX-5")).status_code == 404
    [unknown] = (await desks["supplier"].ask("/scans", {"barcode": "BOX-5"})).json()["items"]
    assert unknown["verb"] == "unknown"


async def test_a_book_that_is_scanned_anew_is_in_its_old_box_no_more(
    client: httpx.AsyncClient, mint: Mint, borrowing: Borrowing, desks: dict[str, Desk]
) -> None:
    b = borrowing
    [stays, moved] = await given_away(b, client, mint, 2)
    finder = Hand(client, mint, b.pickup)
    for barcode, parcel in ((stays, "BOX-5"), (moved, "BOX-5"), (moved, "BOX-6")):
        await finder.scan(barcode, parcel)
        await deliver(b.database)
    for parcel, barcode in (("BOX-5", stays), ("BOX-6", moved)):
        page = (await finder.look(f"parcels?number={parcel}")).text
        assert [one for one in (stays, moved) if one in page] == [barcode]
        done = (await desks["supplier"].ask("/scans", {"barcode": parcel})).json()["items"]
        assert [one["barcode"] for one in done] == [barcode]


async def test_a_book_that_stays_where_it_was_left_is_in_no_box(
    client: httpx.AsyncClient, mint: Mint, borrowing: Borrowing
) -> None:
    b = borrowing
    title = await edition(b.database, b.home.consortium)
    [barcode] = await held(b.database, b.supplier, title)
    await held(b.database, b.pickup, title)
    await rule(b.database, b.supplier, item_float={"items": ["*"], "most": 5})
    visitor = await enrol(b.database, b.supplier)
    await desk_at(client, mint, b.supplier).lend(visitor.card, barcode)
    await deliver(b.database)
    finder = Hand(client, mint, b.pickup)
    await finder.scan(barcode, "BOX-5")
    await deliver(b.database)
    assert (await b.item(b.pickup, barcode)).status == "on_shelf"
    assert (await finder.look("parcels?number=BOX-5")).status_code == 404
    assert "BOX-5" not in (await finder.look("problem")).text


async def test_a_box_holds_what_is_on_a_request_and_what_is_not(
    client: httpx.AsyncClient, mint: Mint, borrowing: Borrowing, desks: dict[str, Desk]
) -> None:
    b = borrowing
    [loose] = await given_away(b, client, mint, 1)
    [lent] = await promised(b, 1)
    supplier, pickup, finder = [Hand(client, mint, one) for one in (b.supplier, b.pickup, b.home)]
    for hand in (supplier, pickup, pickup):
        await hand.scan(lent, "")
        await deliver(b.database)
    assert (await desks["pickup"].lend(b.reader.card, lent)).status_code == 201
    await deliver(b.database)
    for barcode in (loose, lent):
        await finder.scan(barcode, "BOX-5")
        await deliver(b.database)
    done = (await desks["supplier"].ask("/scans", {"barcode": "BOX-5"})).json()["items"]
    assert {(one["verb"], one["barcode"]) for one in done} == {("shelve", loose), ("home", lent)}
    assert [(await b.item(b.supplier, one)).status for one in (loose, lent)] == ["on_shelf"] * 2


async def test_two_boxes_of_one_number_are_asked_about_whatever_is_in_them(
    client: httpx.AsyncClient, mint: Mint, borrowing: Borrowing, desks: dict[str, Desk]
) -> None:
    b = borrowing
    barcodes = await given_away(b, client, mint, 2)
    for at, barcode in zip((b.home, b.pickup), barcodes, strict=True):
        await Hand(client, mint, at).scan(barcode, "BOX-5")
        await deliver(b.database)
    refused = await desks["supplier"].ask("/scans", {"barcode": "BOX-5"})
    assert (refused.status_code, refused.json()["code"]) == (409, "parcel_of_several")
    assert refused.json()["owners"] == sorted([b.home.code, b.pickup.code])
    named = {"barcode": "BOX-5", "owner": b.pickup.code}
    [done] = (await desks["supplier"].ask("/scans", named)).json()["items"]
    assert done["barcode"] == barcodes[1]


async def test_a_box_that_is_numbered_like_a_book_leaves_that_book_its_scan(
    client: httpx.AsyncClient, mint: Mint, borrowing: Borrowing, desks: dict[str, Desk]
) -> None:
    b = borrowing
    [left] = await given_away(b, client, mint, 1)
    [asked] = await promised(b, 1)
    await Hand(client, mint, b.pickup).scan(left, asked)
    await deliver(b.database)
    assert await opened(desks["supplier"], asked) == [("ship", asked)]
    assert (await b.item(b.supplier, left)).status == "out"
    await deliver(b.database)
    assert await opened(desks["supplier"], left) == [("shelve", left)], "it comes home by itself"


async def packed(b: Borrowing, number: str) -> tuple[UUID, str]:
    """A request whose book the supplier has sent in this parcel, and the book's barcode."""
    title = await edition(b.database, b.home.consortium)
    [barcode] = await held(b.database, b.supplier, title)
    request = await b.place(title)
    await b.act(b.supplier, request, S, "ship", parcel=number)
    return request, barcode


async def opened(desk: Desk, number: str) -> list[tuple[str, str]]:
    """What a scan of the parcel does with which books."""
    done = (await desk.ask("/scans", {"barcode": number})).json()["items"]
    return sorted((one["verb"], one["barcode"]) for one in done)


async def test_what_was_lost_is_not_in_a_later_parcel_of_the_same_number(
    borrowing: Borrowing, desks: dict[str, Desk]
) -> None:
    b, desk = borrowing, desks["pickup"]
    lost, barcode = await packed(b, "BOX-1")
    await b.ring(b.pickup, lost, P, "never_arrived")
    _, other = await packed(b, "BOX-1")
    assert await opened(desk, "BOX-1") == [("receive", other)]
    assert await opened(desk, "BOX-1") == [("unknown", "BOX-1")], "it is not scanned out of turn"
    assert (await b.states(lost, 1))["pickup"] == "NEVER_ARRIVED"
    assert await opened(desk, barcode) == [("receive", barcode)], "found by itself"


async def test_a_parcel_that_was_given_up_may_come_late(
    borrowing: Borrowing, desks: dict[str, Desk]
) -> None:
    b = borrowing
    books = [await packed(b, "BOX-1") for _ in range(2)]
    for request, _ in books:
        await b.ring(b.pickup, request, P, "never_arrived")
    assert await opened(desks["pickup"], "BOX-1") == [("receive", barcode) for _, barcode in books]


async def test_what_goes_on_from_where_it_was_left_arrives_in_its_box(
    client: httpx.AsyncClient, mint: Mint, borrowing: Borrowing, make_tenant: MakeTenant
) -> None:
    b = borrowing
    finder = await make_tenant(b.directory.ids[b.home.path[0]])
    await rule(b.database, finder, calendar_closed_weekdays=[])
    [book] = await given_away(b, client, mint, 1)
    title = await edition(b.database, b.home.consortium)
    [own] = await held(b.database, finder, title)  # of another owner, in the same box
    await rule(b.database, finder, supply_answers="automatic")
    request = await b.place(title)
    await Hand(client, mint, finder).scan(own, "BOX-5")
    await deliver(b.database)
    b.reader = await enrol(b.database, b.home)
    async with unit_of_work(b.database.app, b.supplier.id) as session:
        record = await session.scalar(select(Item.record_id).where(Item.barcode == book))
    waits = await b.place(None, owner=b.supplier.code, record=record)
    await Hand(client, mint, finder).scan(book, "BOX-5")
    await deliver(b.database)
    for at, shown in ((finder, True), (b.supplier, False)):
        page = (await Hand(client, mint, at).look("ship")).text
        assert ("BOX-5" in page, "2 books" in page) == (shown, shown)
    done = (await desk_at(client, mint, b.pickup).ask("/scans", {"barcode": "BOX-5"})).json()
    assert {one["barcode"] for one in done["items"]} == {book, own}
    await deliver(b.database)
    for id in (request, waits):
        assert (await b.wish(id)).state == "RECEIVED"
    assert (await Hand(client, mint, finder).look("parcels?number=BOX-5")).status_code == 404
