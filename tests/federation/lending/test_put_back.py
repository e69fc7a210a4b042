"""What a branch keeps for nobody any more is to be put back on its shelf, until a hand says so."""

import asyncio
from typing import Any
from uuid import UUID

import httpx
import pytest
from borrowing import Borrowing, edition, held
from click.testing import CliRunner
from commanding import beside
from lending import Desk, deliver, desk_at, enrol
from mint import Mint
from request_desk import TONGUES

from pinakes.federation.lending import service
from pinakes.federation.lending.cli import lending
from pinakes.federation.lending.model import Role, model
from pinakes.federation.lending.worklists import counts
from pinakes.platform.config import Settings
from pinakes.platform.db import unit_of_work

R, S, P = Role.REQUESTER, Role.SUPPLIER, Role.PICKUP
GRAPH = {"query": '{ worklist(name: "shelf") { items { barcode title toPutBack acts } } }'}
pytestmark = pytest.mark.anyio


@pytest.fixture
def here(borrowing: Borrowing) -> Borrowing:
    """The copy's own branch is where it is collected."""
    borrowing.pickup = borrowing.supplier
    return borrowing


@pytest.fixture
def desk(client: httpx.AsyncClient, mint: Mint, here: Borrowing) -> Desk:
    return desk_at(client, mint, here.supplier)


async def kept(b: Borrowing) -> tuple[UUID, str, UUID]:
    """A request whose book waits at its own branch, the barcode, and the title."""
    title = await edition(b.database, b.home.consortium)
    [barcode] = await held(b.database, b.supplier, title)
    request = await b.place(title)
    await b.act(b.supplier, request, S, "ship")
    return request, barcode, title


async def ended(b: Borrowing, request: UUID, how: str) -> None:
    """Nobody collects it, or its reader does not want it any more."""
    if how == "cancelled":
        async with unit_of_work(b.database.app, b.home.id) as session:
            await service.act(session, request, R, "cancel")
    else:
        await b.ring(b.pickup, request, P, "uncollected")
    await deliver(b.database)
    assert (await b.states(request))["pickup"] == "DONE"


async def listed(desk: Desk) -> list[dict[str, Any]]:
    """What stands on the hold shelf for nobody."""
    items = (await desk.look("/worklists/shelf"))["items"]
    return [one for one in items if one["to_put_back"]]


def test_only_the_later_model_knows_of_it() -> None:
    assert [("DONE", "put_back") in model(one).machines[P].moves for one in (1, 2)] == [False, True]


@pytest.mark.parametrize("local", [False, True], ids=["of another's reader", "of its own"])
@pytest.mark.parametrize("how", ["uncollected", "cancelled"])
@pytest.mark.parametrize("hand", ["scan", "button"])
async def test_it_stands_on_the_list_until_a_hand_says_that_it_is_back(
    here: Borrowing, desk: Desk, how: str, hand: str, *, local: bool
) -> None:
    b = here
    if local:
        b.home = b.supplier
        b.reader = await enrol(b.database, b.home)
    request, barcode, _ = await kept(b)
    assert await listed(desk) == []
    await ended(b, request, how)
    [row] = await listed(desk)
    assert (row["barcode"], row["title"], row["acts"]) == (barcode, "红楼梦", ["put_back"])
    assert (await b.item(b.supplier, barcode)).status == "on_shelf"
    if hand == "scan":
        answer = await desk.ask("/scans", {"barcode": barcode})
        assert answer.json()["items"][0]["verb"] == "put_back"
    else:
        answer = await desk.ask(f"/requests/{request}/pickup/put_back", {})
    assert answer.status_code == 200, answer.text
    assert await listed(desk) == []
    assert (await b.item(b.supplier, barcode)).status == "on_shelf"
    again = await desk.ask(f"/requests/{request}/pickup/put_back", {})
    assert again.json()["code"] == "request_move_refused"


async def test_every_door_tells_it_and_a_button_ends_it(
    client: httpx.AsyncClient, mint: Mint, settings: Settings, here: Borrowing, desk: Desk
) -> None:
    b = here
    request, barcode, _ = await kept(b)
    await ended(b, request, "uncollected")
    [row] = (await desk.ask("/graphql", GRAPH)).json()["data"]["worklist"]["items"]
    assert (row["barcode"], row["acts"], bool(row["toPutBack"])) == (barcode, ["put_back"], True)
    with beside(settings):
        work = ["work", "shelf", "--branch", b.supplier.code]
        shown = (await asyncio.to_thread(CliRunner().invoke, lending, work)).output
    assert barcode in shown
    assert "put back: since" in shown
    path, staff = f"/b/{b.supplier.code}/lending", mint.staff(f"desk@{b.supplier.code}")
    for tongue, words in (
        ("en", ("Hold shelf 1", "To be put back on its shelf", "It is back on its shelf")),
        ("zh", ("预约架 1", "待放回书架", "已放回书架")),
    ):
        page = (await client.get(f"{path}/shelf", headers=staff | TONGUES[tongue])).text
        assert [one for one in (*words, barcode) if one not in page] == []
        assert f"{path}/slips/{request}" not in page
    form = {"attempt": "1", "back": "shelf"}
    pressed = await client.post(
        f"{path}/{request}/pickup/put_back", data=form, headers=staff | TONGUES["en"]
    )
    assert pressed.status_code == 303
    page = (await client.get(pressed.headers["location"], headers=staff | TONGUES["en"])).text
    assert "It was put back on its shelf" in page
    assert "Hold shelf 0" in page


@pytest.mark.parametrize("step", ["pull", "ship", "miss"])
async def test_the_next_reader_s_request_takes_it_off_the_list_once_it_is_found(
    here: Borrowing, desk: Desk, step: str
) -> None:
    b = here
    request, barcode, title = await kept(b)
    await ended(b, request, "uncollected")
    b.reader = await enrol(b.database, b.home)
    second = await b.place(title)
    assert [one["barcode"] for one in await listed(desk)] == [barcode]
    await b.act(b.supplier, second, S, step)
    found = step != "miss"
    assert bool(await listed(desk)) is not found, "what nobody finds may stand there"
    if not found:
        await desk.ask("/scans", {"barcode": barcode})
        assert await listed(desk) == []
        assert (await b.item(b.supplier, barcode)).status == "on_shelf"


async def test_lent_on_its_way_back_and_returned_it_is_not_listed_again(
    here: Borrowing, desk: Desk
) -> None:
    b = here
    request, barcode, _ = await kept(b)
    await ended(b, request, "uncollected")
    visitor = await enrol(b.database, b.supplier)
    assert (await desk.lend(visitor.card, barcode)).status_code == 201
    assert await listed(desk) == []
    await desk.take_back(barcode)
    await deliver(b.database)
    assert await listed(desk) == []


async def test_it_is_counted_at_its_branch_alone(
    here: Borrowing, desk: Desk, desks: dict[str, Desk]
) -> None:
    b = here
    request, barcode, _ = await kept(b)
    await ended(b, request, "cancelled")
    for tenant, many in ((b.supplier, 1), (b.home, 0)):
        async with unit_of_work(b.database.app, tenant.id) as session:
            assert (await counts(session))["shelf"] == many
    refused = await desks["home"].ask(f"/requests/{request}/pickup/put_back", {})
    assert refused.json()["code"] == "no_such_request"
    assert [one["barcode"] for one in await listed(desk)] == [barcode]
