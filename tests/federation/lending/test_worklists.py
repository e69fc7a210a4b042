"""Lists and slips of a desk tell what a hand needs: by what to fetch, for whom, until when."""

import asyncio
from datetime import datetime
from uuid import UUID

import httpx
import pytest
from borrowing import Borrowing, edition, held
from click.testing import CliRunner
from commanding import beside
from lending import Desk, rule
from mint import Mint
from request_desk import TONGUES
from sqlalchemy import update

from pinakes.federation.lending.cli import lending
from pinakes.federation.lending.model import Role
from pinakes.platform import show
from pinakes.platform.config import Settings
from pinakes.platform.db import unit_of_work, uuid7
from pinakes.platform.language import speaking
from pinakes.tenants.catalogue.models import CatalogueRecord
from pinakes.tenants.items.models import Item
from pinakes.tenants.readers.models import Card

pytestmark = pytest.mark.anyio


async def marked(b: Borrowing, barcodes: list[str]) -> None:
    """Give the supplier's copies a call number each, a location and an author."""
    async with unit_of_work(b.database.app, b.supplier.id) as session:
        for number, barcode in enumerate(barcodes):
            shelf = {"call_number": f"I242.4/{number}", "location": "三楼东"}
            await session.execute(update(Item).where(Item.barcode == barcode).values(**shelf))
        title = {"title": "红楼梦", "names": [{"name": "曹雪芹"}, {"name": "高鹗"}]}
        await session.execute(update(CatalogueRecord).values(title_fields=title))


MARKS = '{ worklist(name: "%s") { items { author shelfMarks { callNumber location } } } }'


async def test_a_book_is_fetched_by_call_number_location_and_author(
    client: httpx.AsyncClient,
    mint: Mint,
    settings: Settings,
    borrowing: Borrowing,
    desks: dict[str, Desk],
) -> None:
    b = borrowing
    title = await edition(b.database, b.home.consortium)
    barcodes = await held(b.database, b.supplier, title, 2)
    await marked(b, barcodes)
    request = await b.place(title)
    [pull] = (await desks["supplier"].look("/worklists/pull"))["items"]
    [mark] = pull["shelf_marks"]
    number = f"I242.4/{barcodes.index(pull['barcode'])}"
    assert mark == {"call_number": number, "location": "三楼东", "copy": None}
    assert pull["author"] == "曹雪芹; 高鹗"
    graph = (await desks["supplier"].ask("/graphql", {"query": MARKS % "pull"})).json()["data"]
    assert graph["worklist"]["items"][0] == {
        "author": pull["author"], "shelfMarks": [{"callNumber": number, "location": "三楼东"}],
    }  # fmt: skip
    with beside(settings):
        words = ("work", "pull", "--branch", b.supplier.code)
        told = (await asyncio.to_thread(CliRunner().invoke, lending, words)).output
    assert f"/ author: 曹雪芹; 高鹗  / call number: {number} 三楼东" in told
    staff = mint.staff(f"desk@{b.supplier.code}") | {"Accept": "text/html"}
    root = f"/b/{b.supplier.code}/lending"
    for tongue, label in (("en", "Call number"), ("zh", "索书号")):
        for path in (f"{root}/pull", f"{root}/slips?of=pull", f"{root}/slips/{request}/supplier"):
            page = (await client.get(path, headers=staff | TONGUES[tongue])).text
            assert all(one in page for one in (label, number, "三楼东", "曹雪芹")), path


async def test_before_a_copy_is_chosen_those_on_the_shelf_are_told(
    borrowing: Borrowing, desks: dict[str, Desk]
) -> None:
    b = borrowing
    await rule(b.database, b.supplier, supply_answers="hand")
    title = await edition(b.database, b.home.consortium)
    barcodes = await held(b.database, b.supplier, title, 3)
    await marked(b, barcodes)
    async with unit_of_work(b.database.app, b.supplier.id) as session:
        lent = update(Item).where(Item.barcode == barcodes[1]).values(status="processing")
        await session.execute(lent)
    await b.place(title)
    [asked] = (await desks["supplier"].look("/worklists/answer"))["items"]
    assert [one["call_number"] for one in asked["shelf_marks"]] == ["I242.4/0", "I242.4/2"]


async def test_a_reader_is_told_by_the_card_in_use_and_by_no_old_number(
    borrowing: Borrowing, desks: dict[str, Desk]
) -> None:
    b = borrowing
    async with unit_of_work(b.database.app, b.home.id) as session:
        whose = {"home_id": b.home.id, "consortium_id": b.home.consortium, "old": True}
        session.add(Card(id=uuid7(), number="10001", person_id=b.reader.person, **whose))
    title = await edition(b.database, b.home.consortium)
    await held(b.database, b.supplier, title)
    request = await b.place(title)
    await b.act(b.supplier, request, Role.SUPPLIER, "ship")
    [coming] = (await desks["pickup"].look("/worklists/receive"))["items"]
    assert coming["label"] == f"…{b.reader.card[-4:]}"


@pytest.mark.parametrize(
    ("tongue", "keep", "way"), [("en", "Keep until", "To"), ("zh", "保留至", "寄往馆")]
)
async def test_the_hold_shelf_tells_for_whom_and_until_when_a_book_is_kept(  # noqa: PLR0913, PLR0917
    client: httpx.AsyncClient,
    mint: Mint,
    borrowing: Borrowing,
    desks: dict[str, Desk],
    me: dict[str, str],
    tongue: str,
    keep: str,
    way: str,
) -> None:
    b = borrowing
    title = await edition(b.database, b.home.consortium)
    await held(b.database, b.supplier, title)
    request = await b.place(title)
    staff = mint.staff(f"desk@{b.pickup.code}") | TONGUES[tongue]
    root = f"/b/{b.pickup.code}/lending"
    await b.act(b.supplier, request, Role.SUPPLIER, "ship")
    for act in ("receive", "shelve"):
        coming = (await client.get(f"{root}/slips/{request}/pickup", headers=staff)).text
        assert (f"<dt>{way}</dt>" in coming) == (act == "receive")
        await b.act(b.pickup, request, Role.PICKUP, act)
    [mine] = (await client.get("/v1/me/requests", headers=me)).json()["items"]
    [kept] = (await desks["pickup"].look("/worklists/shelf"))["items"]
    assert kept["collect_by"] == mine["until"]
    day = datetime.fromisoformat(mine["until"])
    with speaking(tongue):
        short, whole = show.short_day(day, b.pickup.zone), show.day(day, b.pickup.zone)
    assert str(day.year) in whole
    page = (await client.get(f"{root}/shelf", headers=staff)).text
    assert f"{keep} <time" in page
    assert short in page
    slip = (await client.get(f"{root}/slips/{request}/pickup", headers=staff)).text
    assert all(one in slip for one in (keep, whole, kept["label"]))
    assert f"<dt>{way}</dt>" not in slip


async def sent(b: Borrowing) -> tuple[UUID, str]:
    """A request whose book is on its way to the pickup branch, and the barcode of that."""
    title = await edition(b.database, b.home.consortium)
    [barcode] = await held(b.database, b.supplier, title)
    request = await b.place(title)
    await b.act(b.supplier, request, Role.SUPPLIER, "ship")
    return request, barcode


@pytest.mark.parametrize(
    ("tongue", "list", "why"),
    [
        ("en", "Between libraries: Hold shelf", "It waits for its reader."),
        ("zh", "馆际互借：预约架", "此书在等候其读者来取。"),
    ],
)
async def test_a_scan_stays_on_its_list_and_says_why_it_did_nothing(
    client: httpx.AsyncClient, mint: Mint, borrowing: Borrowing, tongue: str, list: str, why: str
) -> None:
    b = borrowing
    _, barcode = await sent(b)
    staff = mint.staff(f"desk@{b.pickup.code}") | TONGUES[tongue]
    root = f"/b/{b.pickup.code}/lending"
    form = {"scanned": barcode, "back": "shelf"}
    pages = [await client.post(f"{root}/scan", data=form, headers=staff) for _ in range(3)]
    assert [page.status_code for page in pages] == [200, 200, 409]
    assert all(f"<h1>{list}</h1>" in page.text for page in pages)
    assert '<input type="hidden" name="back" value="shelf">' in pages[0].text
    assert f"{why} " in pages[2].text
    assert f"…{b.reader.card[-4:]}" in pages[2].text


async def test_a_slip_on_the_way_home_tells_nothing_of_the_reader(
    client: httpx.AsyncClient, mint: Mint, borrowing: Borrowing
) -> None:
    b = borrowing
    request, barcode = await sent(b)
    staff = mint.staff(f"desk@{b.pickup.code}") | {"Accept": "text/html"}
    root, card = f"/b/{b.pickup.code}/lending/slips", f"…{b.reader.card[-4:]}"
    coming = (await client.get(f"{root}/{request}/pickup", headers=staff)).text
    assert card in coming
    await b.act(b.pickup, request, Role.PICKUP, "receive_damaged")
    for path in (f"{root}/{request}/pickup", f"{root}?of=ship"):
        page = (await client.get(path, headers=staff)).text
        assert barcode in page
        assert card not in page, path
