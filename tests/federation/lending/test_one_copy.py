"""One copy or volume of a title: found on its page, asked for, and no other comes."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import unescape
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from borrowing import Borrowing
from finding import STONE
from lending import deliver, desk_at, record, rule
from mint import Mint
from msgspec.structs import replace
from request_desk import CHINESE, ENGLISH
from sqlalchemy import select, update

from pinakes.federation.discovery.models import Holding
from pinakes.federation.lending.model import Role
from pinakes.platform.db import Database, public_work, unit_of_work
from pinakes.platform.directory import Tenant
from pinakes.platform.messages import emit
from pinakes.tenants.catalogue import service as catalogue
from pinakes.tenants.catalogue.events import RecordsChanged
from pinakes.tenants.items import service as items
from pinakes.tenants.items.machine import Action, Status
from pinakes.tenants.items.models import Item
from pinakes.tenants.items.schemas import NewItem

pytestmark = pytest.mark.anyio

R, S, P = Role.REQUESTER, Role.SUPPLIER, Role.PICKUP


@dataclass
class Set:
    """Volumes of one title at one branch, by what is written on them."""

    edition: UUID
    record: UUID
    items: dict[str, Item]

    def wish(self, owner: Tenant, pickup: Tenant, volume: str) -> dict[str, str]:
        """What a reader sends who wants this volume."""
        ids = {"record": self.record, "item": self.items[volume].id, "edition": self.edition}
        told = {name: str(id) for name, id in ids.items()}
        return told | {"owner": owner.code, "pickup": pickup.code}


async def volumes(
    database: Database, branch: Tenant, called: str, names: Sequence[str], **more: Any
) -> Set:
    """Let *branch* show a title of which it has these volumes."""
    row = record(replace(STONE, title=called, isbn=()))
    async with unit_of_work(database.app, branch.id) as session:
        session.add(row)
        await session.flush()
        told = {"call_number": "I242/1", "location": "二楼"} | more
        stock = [NewItem(row.id, f"V{uuid4().hex[:12]}", copy=name, **told) for name in names]
        await items.shelve(session, stock)
        emit(session, RecordsChanged(about=row.id, records=[row.id]), to=None)
    await deliver(database)
    async with unit_of_work(database.app, branch.id) as session:
        mine = Holding.tenant_id == branch.id, Holding.record_id == row.id
        edition = (await session.scalars(select(Holding.edition_id).where(*mine))).one()
        rows = await session.scalars(select(Item).where(Item.record_id == row.id))
        return Set(edition, row.id, {one.copy or "": one for one in rows})


@pytest.fixture
async def books(borrowing: Borrowing) -> Set:
    """Three volumes at the supplier; the tenth came before the second."""
    return await volumes(borrowing.database, borrowing.supplier, str(uuid4()), ["1", "10", "2"])


async def told(client: httpx.AsyncClient, title: Set, at: Tenant, **more: Any) -> list[Any]:
    """What the public API tells of the copies at a branch."""
    path = f"/v1/catalogue/editions/{title.edition}/copies"
    answer = await client.get(path, params={"library": at.code, **more})
    assert answer.status_code == 200, answer.text
    found: list[Any] = answer.json()["items"]
    return found


def hidden(page: str) -> dict[str, str]:
    """What the form of a page sends whatever is typed."""
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page))


async def test_volume_2_that_was_chosen_on_the_page_arrives_as_volume_2(
    client: httpx.AsyncClient, borrowing: Borrowing, me: dict[str, str], books: Set
) -> None:
    b, headers = borrowing, me | ENGLISH
    title = await client.get(f"/b/{b.home.code}/catalogue/{books.edition}", headers=headers)
    [path] = re.findall(rf'href="([^"]+/copies\?library={b.supplier.code})"', title.text)
    page = (await client.get(unescape(path), headers=headers)).text
    assert re.findall(r'data-is="Copy or volume">(\d+)<', page) == ["1", "2", "10"]
    links = re.findall(r'<a href="([^"]+)">Request this copy<span class="unseen"> ([^<]+)', page)
    [link] = [unescape(link) for link, words in links if words == "I242/1 2 二楼"]
    form = await client.get(link, headers=headers)
    assert "This copy and no other:" in form.text
    assert "<strong>I242/1 · 2 · 二楼</strong>" in form.text
    data = hidden(form.text) | {"pickup": b.pickup.code}
    placed = await client.post(f"/b/{b.home.code}/me/requests", data=data, headers=headers)
    assert placed.status_code == 303, placed.text
    await deliver(b.database)
    request = UUID(placed.headers["location"].rsplit("=", 1)[1])
    await b.act(b.supplier, request, S, "ship")
    await b.act(b.pickup, request, P, "receive")
    second = books.items["2"]
    assert (await b.item(b.pickup, second.barcode)).request_id == request
    assert (await b.item(b.supplier, second.barcode)).status == "out"
    left = [await b.item(b.supplier, books.items[name].barcode) for name in ("1", "10")]
    assert [one.status for one in left] == ["on_shelf", "on_shelf"]


async def test_the_desk_chooses_for_a_reader_and_a_stranger_is_shown_the_door(
    client: httpx.AsyncClient, borrowing: Borrowing, mint: Mint, books: Set
) -> None:
    b, path = borrowing, f"/catalogue/{books.edition}/copies?library={borrowing.supplier.code}"
    desk = mint.staff(f"desk@{b.home.code}") | ENGLISH
    page = (await client.get(f"/b/{b.home.code}{path}", headers=desk)).text
    link, *_ = re.findall(rf'href="(/b/{b.home.code}/lending/ask\?[^"]+)"', page)
    form = hidden((await client.get(unescape(link), headers=desk)).text)
    assert form["item"] == str(books.items["1"].id)
    stranger = (await client.get(path, headers=CHINESE)).text
    assert "复本与分册" in stranger
    assert "登录" in stranger
    assert "申请这一册" not in stranger
    nothing = f"/catalogue/{books.edition}/copies?library={b.home.code}"
    assert "这家图书馆目前没有可借的复本。" in (await client.get(nothing, headers=CHINESE)).text


async def test_the_copies_are_told_in_portions_and_without_barcodes(
    client: httpx.AsyncClient, borrowing: Borrowing, books: Set
) -> None:
    b, path = borrowing, f"/v1/catalogue/editions/{books.edition}/copies"
    asked, seen = {"library": b.supplier.code, "limit": "2"}, list[Any]()
    while asked.get("after", "first"):
        answer = (await client.get(path, params=asked)).json()
        seen += answer["items"]
        asked["after"] = answer["next"]
    assert [one["copy"] for one in seen] == ["1", "10", "2"], "first come, first told"
    first = books.items["1"]
    assert seen[0] == {
        "owner": b.supplier.code, "record": str(books.record), "item": str(first.id),
        "call_number": "I242/1", "location": "二楼", "copy": "1", "available": True,
    }  # fmt: skip
    fields = "owner record item callNumber location copy available"
    which = f'edition: "{books.edition}", library: "{b.supplier.code}"'
    query = f"{{ copies({which}, limit: 2) {{ items {{ {fields} }} next }} }}"
    graph = await client.post(f"/v1/b/{b.home.code}/graphql", json={"query": query})
    found = graph.json()["data"]["copies"]
    assert [one["item"] for one in found["items"]] == [one["item"] for one in seen[:2]]
    assert found["next"]


async def test_what_a_branch_does_not_show_is_neither_told_nor_lent(
    client: httpx.AsyncClient, borrowing: Borrowing, me: dict[str, str], books: Set
) -> None:
    b, called = borrowing, str(uuid4())
    shown = await volumes(b.database, b.supplier, called, ["1", "2", "3", "4", "5"])
    reference = await volumes(b.database, b.supplier, called, ["R"], kind="reference")
    secret = await volumes(b.database, b.supplier, called, ["S"])
    assert shown.edition == reference.edition == secret.edition
    async with unit_of_work(b.database.app, b.supplier.id) as session:
        await catalogue.suppress(session, secret.record, True)
        for volume, change in (
            ("2", {"status": Status.LOST}),
            ("3", {"status": Status.WITHDRAWN}),
            ("4", {"guest_of": b.home.id}),
            ("5", {"status": Status.HELD}),
        ):
            which = Item.id == shown.items[volume].id
            await session.execute(update(Item).where(which).values(**change))
    await deliver(b.database)
    copies = await told(client, shown, b.supplier)
    assert [(one["copy"], one["available"]) for one in copies] == [("1", True), ("5", False)]
    path = f"/b/{b.home.code}/catalogue/{shown.edition}/copies?library={b.supplier.code}"
    page = (await client.get(path, headers=me | ENGLISH)).text
    assert re.findall(r'data-is="Copy or volume">(\w+)<', page) == ["1", "5"]
    wishes = [shown.wish(b.supplier, b.pickup, volume) for volume in "234"]
    wishes += [reference.wish(b.supplier, b.pickup, "R"), secret.wish(b.supplier, b.pickup, "S")]
    other = shown.wish(b.supplier, b.pickup, "1") | {"item": str(books.items["1"].id)}
    nobodys = shown.wish(b.supplier, b.pickup, "1") | {"item": str(uuid4())}
    elsewhere = shown.wish(b.home, b.pickup, "1")
    for wish in (*wishes, other, nobodys, elsewhere):
        asked = await client.post(f"/v1/b/{b.home.code}/requests", json=wish, headers=me)
        assert (asked.status_code, asked.json()["code"]) == (404, "no_such_copy"), asked.text
    mine = await client.get("/v1/me/requests", headers=me)
    assert mine.json()["items"] == []


async def test_a_suspended_branch_tells_of_no_copies(
    client: httpx.AsyncClient, borrowing: Borrowing, books: Set
) -> None:
    b, query = borrowing, "UPDATE commons.tenant SET state = $1 WHERE id = $2"
    assert len(await told(client, books, b.supplier)) == 3
    async with public_work(b.database.public) as session:
        raw: Any = (await (await session.connection()).get_raw_connection()).driver_connection
        await raw.execute(query, "suspended", b.supplier.id)
    assert await told(client, books, b.supplier) == []


@pytest.mark.parametrize(
    ("tongue", "sorry"),
    [
        (ENGLISH, "There is no such copy to borrow"),
        (CHINESE, "没有这一册可借"),
    ],
)
async def test_a_copy_that_is_gone_is_said_and_any_other_can_be_asked_for(
    client: httpx.AsyncClient,
    borrowing: Borrowing,
    me: dict[str, str],
    books: Set,
    tongue: dict[str, str],
    sorry: str,
) -> None:
    b, path = borrowing, f"/b/{borrowing.home.code}/me/requests"
    wish = books.wish(b.supplier, b.pickup, "2")
    form = hidden((await client.get(f"{path}/new", params=wish, headers=me | tongue)).text)
    async with unit_of_work(b.database.app, b.supplier.id) as session:
        which = Item.id == books.items["2"].id
        await session.execute(update(Item).where(which).values(status=Status.LOST))
    pressed = await client.post(path, data=form | {"pickup": b.pickup.code}, headers=me | tongue)
    assert pressed.status_code == 404
    assert sorry in pressed.text
    for page in (pressed, await client.get(f"{path}/new", params=wish, headers=me | tongue)):
        assert sorry in page.text
        assert "item" not in hidden(page.text)
    again = hidden(pressed.text) | {"pickup": b.pickup.code}
    placed = await client.post(path, data=again, headers=me | tongue)
    assert placed.status_code == 303, placed.text


@pytest.mark.parametrize("answers", ["automatic", "hand"])
async def test_what_its_owner_has_lost_meanwhile_is_looked_at_by_the_staff(
    client: httpx.AsyncClient, borrowing: Borrowing, me: dict[str, str], books: Set, answers: str
) -> None:
    b, second = borrowing, books.items["2"]
    await rule(b.database, b.supplier, supply_answers=answers)
    wish = books.wish(b.supplier, b.pickup, "2")
    asked = await client.post(f"/v1/b/{b.home.code}/requests", json=wish, headers=me)
    assert asked.status_code == 201, asked.text
    async with unit_of_work(b.database.app, b.supplier.id) as session:
        await items.act(session, second.id, Action.LOSE)
    await deliver(b.database)
    request = UUID(asked.json()["request"])
    assert await b.states(request, 1) == {"requester": "UNFILLED", "supplier": "UNFILLED"}
    assert await b.states(request, 2) == {"requester": "NEEDS_REVIEW"}
    assert (await b.wish(request)).state == "NEEDS_REVIEW"
    await rule(b.database, b.supplier, supply_answers="automatic")
    await b.act(b.home, request, R, "describe", edition=str(books.edition))
    assert (await b.states(request))["supplier"] == "WILL_SUPPLY", "any copy will do now"
    assert (await b.item(b.supplier, books.items["1"].barcode)).request_id == request


async def test_the_hand_that_fetches_it_is_told_which_volume_it_is(
    client: httpx.AsyncClient, borrowing: Borrowing, me: dict[str, str], mint: Mint, books: Set
) -> None:
    b, desk = borrowing, desk_at(client, mint, borrowing.supplier)
    await rule(b.database, b.supplier, supply_answers="hand")
    wish = books.wish(b.supplier, b.pickup, "10")
    asked = await client.post(f"/v1/b/{b.home.code}/requests", json=wish, headers=me)
    request = UUID(asked.json()["request"])
    await deliver(b.database)
    [waits] = (await desk.look("/worklists/answer"))["items"]
    tenth = {"call_number": "I242/1", "location": "二楼", "copy": "10"}
    assert waits["shelf_marks"] == [tenth]
    await b.act(b.supplier, request, S, "agree")
    [pull] = (await desk.look("/worklists/pull"))["items"]
    assert (pull["barcode"], pull["shelf_marks"]) == (books.items["10"].barcode, [tenth])
    root = f"/b/{b.supplier.code}/lending"
    for path in (f"{root}/pull", f"{root}/slips?of=pull", f"{root}/requests/{request}"):
        page = (await client.get(path, headers=desk.headers | ENGLISH)).text
        assert "<strong>10</strong>" in page, path
