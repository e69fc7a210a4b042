"""Whoever is asked is told what an answer needs; a list offers what fits, and leads to the rest."""

import asyncio
import re
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from borrowing import Borrowing, edition, held
from click.testing import CliRunner
from commanding import beside
from lending import Desk as Branch
from lending import deliver, rule, stock
from mint import Mint
from request_desk import ENGLISH, TONGUES, Desk
from sqlalchemy import update

from pinakes.federation.lending import acting, story
from pinakes.federation.lending.cli import lending
from pinakes.federation.lending.model import Role
from pinakes.platform import show
from pinakes.platform.clock import now
from pinakes.platform.config import Settings
from pinakes.platform.db import unit_of_work
from pinakes.platform.directory import Tenant
from pinakes.platform.language import speaking
from pinakes.tenants.catalogue.models import CatalogueRecord
from pinakes.tenants.items.models import Item

pytestmark = pytest.mark.anyio


async def asked(b: Borrowing, **more: Any) -> tuple[UUID, UUID]:
    """A request that its supplier answers by hand, and the title, which stands on a shelf."""
    await rule(b.database, b.supplier, supply_answers="hand")
    title = await edition(b.database, b.home.consortium)
    await held(b.database, b.supplier, title)
    shelf = {"call_number": "I242.4/7", "location": "三楼东"}
    made = {"title": "红楼梦", "names": [{"name": "曹雪芹"}]}
    async with unit_of_work(b.database.app, b.supplier.id) as session:
        await session.execute(update(Item).values(**shelf))
        await session.execute(update(CatalogueRecord).values(title_fields=made))
    return await b.place(title, **more), title


class Lists:
    """The lists of one branch, as its desk looks at them."""

    def __init__(self, client: httpx.AsyncClient, mint: Mint, here: Tenant) -> None:
        self.client, self.root = client, f"/b/{here.code}/lending"
        self.staff = mint.staff(f"desk@{here.code}")

    async def look(self, name: str, tongue: str = "en") -> str:
        answer = await self.client.get(f"{self.root}/{name}", headers=self.staff | TONGUES[tongue])
        assert answer.status_code == 200, answer.text
        return answer.text


@pytest.mark.parametrize(
    ("tongue", "words"),
    [
        ("en", ("Wanted by", "Call number", "Request number", "Known here since")),
        ("zh", ("最迟需要", "索书号", "请求编号", "本馆得知时间")),
    ],
)
async def test_the_page_of_a_request_tells_what_an_answer_needs(
    client: httpx.AsyncClient, mint: Mint, borrowing: Borrowing, tongue: str, words: tuple[str, ...]
) -> None:
    b, day = borrowing, (now() + timedelta(days=9)).date()
    request, title = await asked(b, needed_by=day)
    desk = Desk(client, mint, b.supplier, request)
    page = (await client.get(desk.path, headers=desk.staff | TONGUES[tongue])).text
    with speaking(tongue):
        told = (*words, show.day(day), "曹雪芹", "I242.4/7", "三楼东", f"<code>{request}</code>")
    link = f'href="/b/{b.supplier.code}/catalogue/{title}"'
    assert [one for one in (*told, link) if one not in page] == []


async def test_so_do_the_list_the_api_the_graph_and_the_command(
    client: httpx.AsyncClient,
    mint: Mint,
    settings: Settings,
    borrowing: Borrowing,
    desks: dict[str, Branch],
) -> None:
    b, day = borrowing, (now() + timedelta(days=9)).date()
    wish: dict[str, Any] = {"needed_by": day, "note": "请要\n精装本", "in_house": True}
    request, title = await asked(b, **wish)
    [listed] = (await desks["supplier"].look("/worklists/answer"))["items"]
    assert (listed["edition"], listed["needed_by"]) == (str(title), day.isoformat())
    query = {"query": '{ worklist(name: "answer") { items { edition neededBy } } }'}
    graph = (await desks["supplier"].ask("/graphql", query)).json()["data"]["worklist"]
    assert graph["items"] == [{"edition": str(title), "neededBy": day.isoformat()}]
    page = await Lists(client, mint, b.supplier).look("answer")
    assert f'Wanted by <time datetime="{day}">' in page
    said = ("work", "answer"), ("show", str(request))
    with beside(settings):
        for words in said:
            command = [*words, "--branch", b.supplier.code]
            shown = (await asyncio.to_thread(CliRunner().invoke, lending, command)).output
            for one in (
                f"home: {b.home.code}", f"pickup: {b.pickup.code}", f"needed by: {day}",
                "author: 曹雪芹", "call number: I242.4/7 三楼东", "note: 请要 精装本",
                "use: in the library only",
            ):  # fmt: skip
                assert f"  / {one}" in shown


async def test_a_list_leads_to_the_form_that_asks_why_it_cannot_be_supplied(
    client: httpx.AsyncClient, mint: Mint, borrowing: Borrowing
) -> None:
    b = borrowing
    request, _ = await asked(b)
    desk, lists = Desk(client, mint, b.supplier, request), Lists(client, mint, b.supplier)
    page = await lists.look("answer")
    assert f"{request}/supplier/agree" in page
    assert f"{request}/supplier/decline" not in page
    [query, form] = re.findall(rf'href="{desk.path}\?(opened=[\w-]+)#([\w-]+)"', page)[0]
    opened = (await client.get(f"{desk.path}?{query}", headers=desk.headers)).text
    [(name, inside)] = re.findall(r'<details id="([\w-]+)" open>(.*?)</details>', opened, re.DOTALL)
    assert name == form
    assert " open>" not in (await client.get(desk.path, headers=desk.headers)).text
    offered = re.findall(r'<option value="(\w+)">', inside)
    assert offered == list(acting.REASONS["decline"])
    await desk.press("supplier", "decline", reason="OthersWait")
    await deliver(b.database)
    assert "Reason Others wait for it" in await Desk(client, mint, b.home, request).look()


def test_every_reason_to_choose_has_words_and_a_field() -> None:
    for act, reasons in acting.REASONS.items():
        fields = {"reason", "note"} if "SeeNote" in reasons else {"reason"}
        assert fields <= set(acting.FIELDS[act])
        assert set(reasons) <= story.REASONS.keys()


async def test_slips_are_offered_where_a_book_goes_somewhere(
    client: httpx.AsyncClient, mint: Mint, borrowing: Borrowing
) -> None:
    b = borrowing
    request, _ = await asked(b)
    lists = Lists(client, mint, b.supplier)
    assert "/slips" not in await lists.look("answer")
    await b.act(b.supplier, request, Role.SUPPLIER, "agree")
    page = await lists.look("pull")
    slips = (f"{lists.root}/slips?of=pull", f"{lists.root}/slips/{request}/supplier")
    assert [one for one in slips if f'"{one}"' not in page] == []


async def test_the_first_page_is_the_first_list_on_which_work_waits(
    client: httpx.AsyncClient, mint: Mint, borrowing: Borrowing
) -> None:
    b = borrowing
    supplier, home = Lists(client, mint, b.supplier), Lists(client, mint, b.home)
    assert "<h1>Between libraries: To pull</h1>" in await supplier.look("")
    request, _ = await asked(b)
    assert "<h1>Between libraries: To answer</h1>" in await supplier.look("")
    assert "<h1>馆际互借：待答复</h1>" in await supplier.look("", "zh")
    await b.act(b.supplier, request, Role.SUPPLIER, "condition", condition="不得复印")
    assert "<h1>Between libraries: Problems</h1>" in await home.look("")
    assert "<h1>Between libraries: To pull</h1>" in await home.look("pull")


async def test_what_is_to_be_found_is_looked_for_from_the_list(
    client: httpx.AsyncClient, mint: Mint, borrowing: Borrowing
) -> None:
    b = borrowing
    request = await b.place(None, title="失传的书")
    lists = Lists(client, mint, b.home)
    page = await lists.look("problem")
    assert f'href="{lists.root}/requests/{request}/title"' in page
    assert "/slips" not in page


async def test_what_was_asked_for_twice_is_kept_or_closed_and_nothing_else(
    client: httpx.AsyncClient, mint: Mint, borrowing: Borrowing
) -> None:
    b = borrowing
    _, title = await asked(b)
    twice = await b.place(title, sure=True)
    desk, lists = Desk(client, mint, b.home, twice), Lists(client, mint, b.home)
    whole = (await client.get(desk.path, headers=desk.headers)).text
    for page in (await lists.look("problem"), whole):
        assert set(re.findall(rf"{twice}/requester/(\w+)", page)) == {"keep", "drop"}


@pytest.mark.parametrize("better", acting.SAME)
def test_what_says_the_same_less_well_is_left_out_beside_it_alone(better: str) -> None:
    others = sorted(acting.SAME[better])
    for offer in (acting.Offered.to, acting.Offered.on_a_list):
        shown = offer([*others, better])
        assert [*shown.buttons, *shown.asked] == [better]
    shown = acting.Offered.to(others)
    assert sorted([*shown.buttons, *shown.asked]) == others


async def test_a_scan_by_command_names_those_whose_book_it_may_be(
    settings: Settings, borrowing: Borrowing
) -> None:
    b = borrowing
    [barcode] = await stock(b.database, b.supplier)
    [other] = await stock(b.database, b.home)
    async with unit_of_work(b.database.app, b.home.id) as session:
        await session.execute(update(Item).where(Item.barcode == other).values(barcode=barcode))
    words = ["scan", barcode, "--branch", b.pickup.code]
    with beside(settings):
        several = await asyncio.to_thread(CliRunner().invoke, lending, words)
        named = [*words, "--owner", b.home.code]
        one = await asyncio.to_thread(CliRunner().invoke, lending, named)
    owners = ", ".join(sorted([b.home.code, b.supplier.code]))
    assert (several.exit_code, f"Say --owner: {owners}." in several.output) == (2, True)
    assert "item_of_several" in several.output
    assert one.output == f"found  {barcode}  → {b.home.code}\n"


async def test_the_notice_says_what_was_done(
    client: httpx.AsyncClient, mint: Mint, borrowing: Borrowing
) -> None:
    b = borrowing
    request, _ = await asked(b)
    desk = Desk(client, mint, b.supplier, request)
    pressed = await desk.press("supplier", "condition", condition="不得复印")
    page = (await client.get(pressed.headers["location"], headers=desk.staff | ENGLISH)).text
    assert "<strong>A condition was named</strong>" in page
