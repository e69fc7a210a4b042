"""Copies: put into stock, corrected, moved, withdrawn."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from lending import Desk, desk_at, enrol, stock
from mint import Mint
from sqlalchemy import select

from pinakes.platform.db import Database, unit_of_work
from pinakes.platform.directory import Tenant
from pinakes.platform.messages import Outbox
from pinakes.tenants.items.machine import MOVES, Action, ItemMoveRefused, Status, actions, move
from pinakes.tenants.items.models import Item
from pinakes.tenants.items.schemas import NewItem, Shelved
from pinakes.tenants.items.service import add, shelve

pytestmark = pytest.mark.anyio


@pytest.fixture
def staff(client: httpx.AsyncClient, mint: Mint, tenant: Tenant) -> Desk:
    grants = (f"cataloguer@{tenant.code}", f"desk@{tenant.code}")
    return Desk(client, tenant, mint.staff(*grants))


@pytest.fixture
async def item(staff: Desk, database: Database, tenant: Tenant) -> dict[str, Any]:
    (barcode,) = await stock(database, tenant)
    found: dict[str, Any] = (await staff.look(f"/items?barcode={barcode}"))["items"][0]
    return found


def test_a_book_is_mended_and_at_last_withdrawn() -> None:
    status = Status.ON_SHELF
    for action in (Action.DAMAGE, Action.PROCESS, Action.SHELVE, Action.WITHDRAW):
        status = move(status, action)
    assert status is Status.WITHDRAWN


@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize("action", Action)
def test_every_other_move_is_refused(status: Status, action: Action) -> None:
    if (status, action) in MOVES:
        return
    with pytest.raises(ItemMoveRefused):
        move(status, action)


def test_nobody_at_the_desk_moves_what_a_loan_or_a_request_binds() -> None:
    assert [actions(status) for status in (Status.LENT, Status.HELD, Status.OUT)] == [[], [], []]


async def test_a_copy_is_put_into_stock_once(staff: Desk, item: dict[str, Any]) -> None:
    wish = {"record": item["record"], "barcode": str(uuid4()), "call_number": "I247.5/3"}
    answer = await staff.ask("/items", wish, key="new")
    assert answer.status_code == 201, answer.text
    assert answer.json()["status"] == "on_shelf"
    assert (await staff.ask("/items", wish, key="new")).content == answer.content
    again = await staff.ask("/items", wish)
    assert (again.status_code, again.json()["code"]) == (409, "barcode_taken")
    stray = await staff.ask("/items", {"record": str(uuid4()), "barcode": str(uuid4())})
    assert (stray.status_code, stray.json()["code"]) == (409, "link_refused")


async def test_of_two_scans_of_one_barcode_one_puts_it_into_stock(
    staff: Desk, item: dict[str, Any], database: Database, tenant: Tenant
) -> None:
    wish = NewItem(UUID(item["record"]), str(uuid4()))
    async with unit_of_work(database.app, tenant.id) as session:
        await add(session, wish)
        told = {"record": item["record"], "barcode": wish.barcode}
        second = asyncio.create_task(staff.ask("/items", told))
        await asyncio.sleep(0.5)  # it has seen no such barcode, and waits
    answer = await second
    assert (answer.status_code, answer.json()["code"]) == (409, "barcode_taken")


async def test_a_batch_put_into_stock_twice_changes_nothing(
    item: dict[str, Any], database: Database, tenant: Tenant
) -> None:
    record = UUID(item["record"])
    batch = [NewItem(record, f"{uuid4()}", call_number="A") for _ in range(3)]
    moved = [NewItem(record, batch[0].barcode, call_number="B")]
    assert await put(database, tenant, batch) == Shelved(new=3)
    assert await put(database, tenant, batch) == Shelved(unchanged=3)
    assert await put(database, tenant, moved) == Shelved(updated=1)
    assert await put(database, tenant, batch * 2) == Shelved(updated=1, unchanged=2)


async def put(database: Database, tenant: Tenant, batch: list[NewItem]) -> Shelved:
    async with unit_of_work(database.app, tenant.id) as session:
        return await shelve(session, batch)


async def test_a_barcode_stays_with_its_record(
    item: dict[str, Any], database: Database, tenant: Tenant
) -> None:
    (other,) = await stock(database, tenant)
    stolen = NewItem(UUID(item["record"]), other)
    assert await put(database, tenant, [stolen]) == Shelved(taken=[other])


async def test_the_same_barcode_may_hang_in_two_branches(
    item: dict[str, Any], database: Database, neighbour: Tenant
) -> None:
    (theirs,) = await stock(database, neighbour)
    async with unit_of_work(database.app, neighbour.id) as session:
        record = await session.scalar(select(Item.record_id).where(Item.barcode == theirs))
    assert record is not None
    batch = [NewItem(record, item["barcode"])]
    assert await put(database, neighbour, batch) == Shelved(new=1)


async def test_what_is_wrong_is_corrected(staff: Desk, item: dict[str, Any]) -> None:
    address = f"/v1/b/{staff.here.code}/items/{item['id']}"
    change = {"call_number": "K825/7", "location": None}
    answer = await staff.client.patch(address, json=change, headers=staff.headers)
    assert answer.json() == item | change
    assert (await staff.look(f"/items/{item['id']}"))["call_number"] == "K825/7"


async def test_a_copy_is_missed_found_and_withdrawn(staff: Desk, item: dict[str, Any]) -> None:
    for action, status in [("miss", "missing"), ("shelve", "on_shelf"), ("withdraw", "withdrawn")]:
        answer = await staff.ask(f"/items/{item['id']}/{action}")
        assert answer.json()["status"] == status
    answer = await staff.ask(f"/items/{item['id']}/shelve")
    assert (answer.status_code, answer.json()["code"]) == (409, "item_move_refused")


async def test_a_lent_copy_is_not_withdrawn(
    staff: Desk, item: dict[str, Any], database: Database, tenant: Tenant
) -> None:
    reader = await enrol(database, tenant)
    assert (await staff.lend(reader.card, item["barcode"])).status_code == 201
    answer = await staff.ask(f"/items/{item['id']}/withdraw")
    assert (answer.status_code, answer.json()["code"]) == (409, "item_move_refused")


async def test_nobody_lends_by_changing_a_status(staff: Desk, item: dict[str, Any]) -> None:
    answer = await staff.ask(f"/items/{item['id']}/lend")
    assert (answer.status_code, answer.json()["code"]) == (409, "item_move_refused")


async def test_every_change_is_told(
    staff: Desk, item: dict[str, Any], database: Database, tenant: Tenant
) -> None:
    await staff.ask(f"/items/{item['id']}/miss")
    async with unit_of_work(database.app, tenant.id) as session:
        told = await session.scalars(select(Outbox.body).where(Outbox.kind == "ItemsChanged"))
        assert [event["records"] for event in told] == [[item["record"]]] * 2


async def test_a_neighbour_s_items_do_not_exist(
    client: httpx.AsyncClient, mint: Mint, item: dict[str, Any], neighbour: Tenant
) -> None:
    theirs = desk_at(client, mint, neighbour)
    assert (await theirs.look(f"/items?barcode={item['barcode']}"))["items"] == []
    answer = await theirs.ask(f"/items/{item['id']}/miss")
    assert (answer.status_code, answer.json()["code"]) == (404, "no_such_item")


async def test_the_list_is_of_one_status_if_that_is_asked_for(
    staff: Desk, item: dict[str, Any]
) -> None:
    await staff.ask(f"/items/{item['id']}/miss")
    listed = {
        status: [one["id"] for one in (await staff.look(f"/items?status={status}"))["items"]]
        for status in Status
    }
    assert [status for status, ids in listed.items() if item["id"] in ids] == [Status.MISSING]
    refused = await staff.look("/items?status=mislaid")
    assert refused["status"] == 400
