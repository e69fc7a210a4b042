"""A book on no request that never comes home stands among the lost until that is settled."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest
from borrowing import Borrowing, edition, held
from click.testing import CliRunner
from commanding import beside
from lending import Desk, deliver, desk_at, enrol
from mint import Mint
from request_desk import ENGLISH, TONGUES
from sqlalchemy import update

from pinakes.federation.lending import astray, scanning
from pinakes.federation.lending.cli import lending
from pinakes.federation.lending.models import Transit
from pinakes.federation.lending.schemas import Scan
from pinakes.platform.clock import now
from pinakes.platform.config import Settings
from pinakes.platform.db import unit_of_work

pytestmark = pytest.mark.anyio

GRAPH = {"query": "{ astray { items { id barcode title leftAt } next } }"}


async def left_at(b: Borrowing, barcode: str) -> None:
    """A reader gives it back at the pickup branch, from where it never comes home."""
    async with unit_of_work(b.database.app, b.pickup.id) as session:
        await scanning.scan(session, b.directory, Scan(barcode))
    await deliver(b.database)
    async with unit_of_work(b.database.app, b.supplier.id) as session:
        old = update(Transit).where(Transit.barcode == barcode, Transit.received_at.is_(None))
        await session.execute(old.values(shipped_at=now() - timedelta(days=31)))
        await astray.give_up(session, b.supplier.id)


@pytest.fixture
async def missing(borrowing: Borrowing, client: httpx.AsyncClient, mint: Mint) -> str:
    """The barcode of a book of the supplier that never came home."""
    b = borrowing
    title = await edition(b.database, b.home.consortium)
    [barcode] = await held(b.database, b.supplier, title)
    visitor = await enrol(b.database, b.supplier)
    answer = await desk_at(client, mint, b.supplier).lend(visitor.card, barcode)
    assert answer.status_code == 201, answer.text
    await deliver(b.database)
    await left_at(b, barcode)
    return barcode


async def listed(desk: Desk) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await desk.look("/astray"))["items"]
    return items


WORDS = {  # of an empty list, and of what stands on it
    "en": ("Nothing to do here", "Lost books 1", "never came home", "The loss is settled"),
    "zh": ("没有待办事项", "丢失的书 1", "始终没有回来", "损失已处理完毕"),
}


async def test_it_is_told_by_every_door_until_it_is_settled(
    client: httpx.AsyncClient,
    mint: Mint,
    borrowing: Borrowing,
    desks: dict[str, Desk],
    missing: str,
    settings: Settings,
) -> None:
    b, desk = borrowing, desks["supplier"]
    [row] = await listed(desk)
    told = (row["barcode"], row["title"], row["left_at"])
    assert told == (missing, "红楼梦", b.pickup.code)
    assert row["since"] < row["missing_since"]
    graph = (await desk.ask("/graphql", GRAPH)).json()["data"]["astray"]["items"]
    assert [(one["id"], one["leftAt"]) for one in graph] == [(row["id"], b.pickup.code)]
    work = ["work", "lost", "--branch", b.supplier.code]
    with beside(settings):
        shown = (await asyncio.to_thread(CliRunner().invoke, lending, work)).output
    assert shown.split()[:3] == [row["id"], "astray", missing]
    path, staff = f"/b/{b.supplier.code}/lending", mint.staff(f"desk@{b.supplier.code}")
    for tongue, (none, *words) in WORDS.items():
        page = (await client.get(f"{path}/lost", headers=staff | TONGUES[tongue])).text
        said = (*words, missing, getattr(b.pickup, f"name_{tongue}"))
        assert [one for one in said if one not in page] == []
        assert none not in page
    pressed = await client.post(f"{path}/astray/{row['id']}/settle", headers=staff | ENGLISH)
    assert pressed.status_code == 303
    page = (await client.get(pressed.headers["location"], headers=staff | ENGLISH)).text
    news, _, rest = page.partition("Nothing to do here")
    assert ("Lost books 0" in page, missing in news, missing in rest) == (True, True, False)
    assert await listed(desk) == []
    again = await desk.ask(f"/astray/{row['id']}/settle")
    assert again.status_code == 204
    assert (await b.item(b.supplier, missing)).status == "missing"


async def test_it_is_settled_by_command(
    settings: Settings, borrowing: Borrowing, desks: dict[str, Desk], missing: str
) -> None:
    [row] = await listed(desks["supplier"])
    with beside(settings):
        for code, exit_code in ((borrowing.pickup.code, 1), (borrowing.supplier.code, 0)):
            words = ["settle", "--branch", code, row["id"]]
            done = await asyncio.to_thread(CliRunner().invoke, lending, words)
            assert done.exit_code == exit_code, done.output
            assert ("not_astray" in done.output) == bool(exit_code)
    assert await listed(desks["supplier"]) == []


@pytest.mark.parametrize("found", ["scan", "shelve", "lose"])
async def test_it_leaves_the_list_once_a_hand_says_where_it_is(
    borrowing: Borrowing, desks: dict[str, Desk], missing: str, found: str
) -> None:
    b, desk = borrowing, desks["supplier"]
    if found == "scan":
        answer = await desk.ask("/scans", {"barcode": missing})
    else:
        item = await b.item(b.supplier, missing)
        answer = await desk.ask(f"/items/{item.id}/{found}")
    assert answer.status_code == 200, answer.text
    assert await listed(desk) == []


async def test_what_was_settled_and_found_may_go_astray_once_more(
    borrowing: Borrowing, desks: dict[str, Desk], missing: str
) -> None:
    b, desk = borrowing, desks["supplier"]
    [row] = await listed(desk)
    await desk.ask(f"/astray/{row['id']}/settle")
    await desk.ask("/scans", {"barcode": missing})
    visitor = await enrol(b.database, b.supplier)
    assert (await desk.lend(visitor.card, missing)).status_code == 201
    await deliver(b.database)
    await left_at(b, missing)
    assert [one["barcode"] for one in await listed(desk)] == [missing]


async def test_it_stands_on_the_list_of_its_owner_alone(
    borrowing: Borrowing, desks: dict[str, Desk], missing: str
) -> None:
    [row] = await listed(desks["supplier"])
    for name in ("home", "pickup"):
        assert await listed(desks[name]) == []
        refused = await desks[name].ask(f"/astray/{row['id']}/settle")
        assert (refused.status_code, refused.json()["code"]) == (404, "not_astray")
    assert [one["id"] for one in await listed(desks["supplier"])] == [row["id"]]
