"""The desk in the browser, as HTML over HTTP; the keyboard is tried in tests/browser."""

import re
from dataclasses import dataclass

import httpx
import pytest
from conftest import MakeTenant
from lending import Bearer, enrol, rule, stock
from mint import Mint

from pinakes.platform.db import Database, unit_of_work
from pinakes.platform.directory import Tenant
from pinakes.tenants.readers import service as readers
from pinakes.tenants.readers.machine import Block

pytestmark = pytest.mark.anyio


@dataclass
class Page:
    """The desk's page as a browser without scripts holds it."""

    client: httpx.AsyncClient
    here: Tenant
    headers: dict[str, str]
    answer: httpx.Response

    @property
    def text(self) -> str:
        return self.answer.text

    def kept(self) -> dict[str, str]:
        """The hidden fields of the form that scans."""
        form = self.text.split('class="scan"', 1)[1].split("</form>", 1)[0]
        return dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form))

    async def send(self, path: str = "", **typed: str) -> httpx.Response:
        address = f"/b/{self.here.code}/desk{path}"
        told = self.kept() | typed
        self.answer = await self.client.post(address, data=told, headers=self.headers)
        return self.answer


async def open_desk(client: httpx.AsyncClient, mint: Mint, here: Tenant, path: str = "") -> Page:
    headers = mint.staff(f"desk@{here.code}") | {"Accept": "text/html", "Accept-Language": "en"}
    answer = await client.get(f"/b/{here.code}/desk{path}", headers=headers)
    assert answer.status_code == 200
    return Page(client, here, headers, answer)


@pytest.fixture
async def page(client: httpx.AsyncClient, mint: Mint, tenant: Tenant) -> Page:
    """The desk of a branch, with somebody at it."""
    return await open_desk(client, mint, tenant)


@pytest.fixture
async def reader(database: Database, tenant: Tenant) -> Bearer:
    return await enrol(database, tenant)


async def test_a_card_then_a_book_lends_it(
    page: Page, database: Database, tenant: Tenant, reader: Bearer
) -> None:
    [barcode] = await stock(database, tenant)
    await page.send(scanned=reader.card)
    assert "王小明" in page.text
    assert "0 items from here" in page.text
    await page.send(scanned=barcode)
    assert "Lent. Due back on" in page.text
    assert "1 item from here" in page.text


async def test_what_a_reader_may_still_borrow_shrinks_with_each_loan(
    page: Page, database: Database, tenant: Tenant, neighbour: Tenant
) -> None:
    visitor = await enrol(database, neighbour)
    first, second = await stock(database, tenant, copies=2)
    await page.send(scanned=visitor.card)
    assert "May borrow 10 more items" in page.text
    await page.send(scanned=first)  # the visitor's home has not heard of it yet
    assert "May borrow 9 more items" in page.text
    await rule(database, tenant, loan_limit=3)  # a branch may allow less than the home
    await page.send(scanned=second)
    assert "May borrow 1 more item<" in page.text


async def test_a_visiting_reader_is_served_with_the_least_that_lending_needs(
    page: Page, database: Database, tenant: Tenant, neighbour: Tenant
) -> None:
    visitor = await enrol(database, neighbour)
    [barcode] = await stock(database, tenant)
    await page.send(scanned=visitor.card)
    assert "Visiting reader" in page.text
    assert neighbour.name_en in page.text
    assert "王小明" not in page.text
    await page.send(scanned=barcode)
    assert "Lent. Due back on" in page.text


async def test_a_number_of_two_branches_is_asked_back_about(
    client: httpx.AsyncClient,
    mint: Mint,
    database: Database,
    tenant: Tenant,
    neighbour: Tenant,
    make_tenant: MakeTenant,
) -> None:
    third = await make_tenant()
    await enrol(database, tenant, card="SAME-1")
    other = await enrol(database, neighbour, card="SAME-1")
    page = await open_desk(client, mint, third)
    await page.send(scanned="SAME-1")
    assert "Whose card is it?" in page.text
    await page.send(scanned="SAME-1", card_of=neighbour.code)
    assert f"of {neighbour.name_en}" in page.text
    [barcode] = await stock(database, third)
    await page.send(scanned=barcode)
    assert "Lent. Due back on" in page.text
    assert other.card == page.kept()["card"]


async def test_the_same_form_sent_twice_lends_once(
    page: Page, database: Database, tenant: Tenant, reader: Bearer
) -> None:
    [barcode] = await stock(database, tenant)
    await page.send(scanned=reader.card)
    again = page.kept() | {"scanned": barcode}
    first = await page.send(**again)
    second = await page.send(**again)
    assert first.status_code == second.status_code == 200
    assert "Lent. Due back on" in second.text
    assert "1 item from here" in second.text


async def test_another_card_changes_the_reader(
    page: Page, database: Database, tenant: Tenant, reader: Bearer
) -> None:
    other = await enrol(database, tenant, reader_kind="child")
    await page.send(scanned=reader.card)
    await page.send(scanned=other.card)
    assert page.kept()["card"] == other.card
    assert "Child" in page.text


async def test_an_empty_scan_ends_with_the_reader(page: Page, reader: Bearer) -> None:
    await page.send(scanned=reader.card)
    answer = await page.send(scanned=" ")
    assert answer.status_code == 303
    assert answer.headers["location"].endswith("/desk")


async def test_a_loan_is_undone_and_renewed_at_the_desk(
    page: Page, database: Database, tenant: Tenant, reader: Bearer
) -> None:
    await rule(database, tenant, loan_rules=[{"days": 7, "renewals": 2}])
    first, second = await stock(database, tenant, copies=2)
    await page.send(scanned=reader.card)
    await page.send(scanned=first)
    await page.send("/undo", scanned=first)
    assert "0 items from here" in page.text
    await page.send(scanned=second)
    loan = re.search(r'name="loan" value="([^"]+)"', page.text)
    assert loan
    answer = await page.send("/renew", loan=loan[1])
    assert answer.status_code == 409  # a renewal today makes it no longer
    assert "Renew it nearer to its due date." in page.text


@pytest.mark.parametrize("outcome", ["lost", "claimed"])
async def test_a_loan_whose_book_cannot_be_given_back_ends_at_the_desk(
    page: Page, database: Database, tenant: Tenant, reader: Bearer, outcome: str
) -> None:
    [barcode] = await stock(database, tenant)
    await page.send(scanned=reader.card)
    await page.send(scanned=barcode)
    form = page.text.split(f'action="/b/{tenant.code}/desk/end"', 1)[1].split("</form>", 1)[0]
    assert f'name="outcome" value="{outcome}"' in form
    told = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form))
    answer = await page.send("/end", **told, outcome=outcome)
    assert answer.status_code == 200
    assert ">The loan is over<" in page.text
    assert "0 items from here" in page.text
    again = await page.send("/end", **told, outcome=outcome)
    assert (again.status_code, "It is over already" in page.text) == (409, True)
    await page.send(scanned=barcode)
    assert "It was given up. Scan it under" in page.text


async def test_a_loan_ends_in_no_third_way(
    page: Page, database: Database, tenant: Tenant, reader: Bearer
) -> None:
    [barcode] = await stock(database, tenant)
    await page.send(scanned=reader.card)
    await page.send(scanned=barcode)
    loan = re.search(r'name="loan" value="([^"]+)"', page.text)
    assert loan
    answer = await page.send("/end", loan=loan[1], outcome="stolen")
    assert answer.status_code == 400
    assert "1 item from here" in page.text


async def test_books_come_back_without_a_card(
    client: httpx.AsyncClient,
    mint: Mint,
    page: Page,
    database: Database,
    tenant: Tenant,
    reader: Bearer,
) -> None:
    [barcode] = await stock(database, tenant)
    await page.send(scanned=reader.card)
    await page.send(scanned=barcode)
    back = await open_desk(client, mint, tenant, "/return")
    await back.send("/return", scanned=barcode)
    assert ">Back<" in back.text
    await back.send("/return", scanned=barcode)
    assert "It was back already" in back.text


async def test_whoever_has_a_book_of_another_library_in_hand_is_sent_to_where_it_is_scanned(
    client: httpx.AsyncClient, mint: Mint, database: Database, tenant: Tenant, neighbour: Tenant
) -> None:
    [theirs] = await stock(database, neighbour)
    back = await open_desk(client, mint, tenant, "/return")
    await back.send("/return", scanned=theirs)
    assert "A book of another library: scan it under “Between libraries”." in back.text


async def test_a_block_is_said_in_words_and_a_refusal_says_what_to_do(
    page: Page, database: Database, tenant: Tenant, reader: Bearer
) -> None:
    [barcode] = await stock(database, tenant)
    async with unit_of_work(database.app, tenant.id) as session:
        member = await readers.of_person(session, reader.person)
        assert member
        await readers.block(session, member.id, Block.FEES)
    await page.send(scanned=reader.card)
    assert "Fees are open" in page.text
    answer = await page.send(scanned=barcode)
    assert answer.status_code == 409
    assert "The reasons stand beside the name." in page.text


@pytest.mark.parametrize("scanned", ["nobody's", "\u202e%00\n", "😀" * 60])
async def test_an_unknown_scan_says_what_to_do(page: Page, scanned: str) -> None:
    answer = await page.send(scanned=scanned)
    assert answer.status_code in {400, 404}
    assert "Scan again" in page.text


async def test_only_the_desk_may_stand_at_the_desk(
    client: httpx.AsyncClient, mint: Mint, tenant: Tenant, neighbour: Tenant, reader: Bearer
) -> None:
    address = f"/b/{tenant.code}/desk"
    html = {"Accept": "text/html"}
    unknown = await client.get(address, headers=html)
    assert unknown.headers["location"].startswith("/login?as=staff&next=")
    stranger = mint.staff(f"desk@{neighbour.code}") | html
    assert (await client.get(address, headers=stranger)).status_code == 403
    asker = mint.reader(reader.person, tenant.code) | html
    assert (await client.get(address, headers=asker)).status_code == 403
