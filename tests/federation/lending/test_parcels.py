"""A box of books: its number is said once, goes there and home again, and has a list of its own."""

import re
from html import unescape

import httpx
import pytest
from borrowing import Borrowing, edition, held
from lending import Desk, deliver
from markupsafe import escape
from mint import Mint
from request_desk import CHINESE, ENGLISH
from sqlalchemy import select

from pinakes.federation.lending.model import Role
from pinakes.federation.lending.models import Transit
from pinakes.platform.db import unit_of_work
from pinakes.platform.directory import Tenant

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
