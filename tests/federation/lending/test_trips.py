"""How often a step goes to the database and back: three times at most, whatever it is."""

from collections.abc import Sequence
from typing import Any

import asyncpg
import httpx
import pytest
from asyncpg.prepared_stmt import PreparedStatement
from borrowing import Borrowing, edition, held
from lending import Desk, deliver, enrol, rule

from pinakes.federation.lending.deciding import DECIDING
from pinakes.federation.lending.model import LATEST, model
from pinakes.platform.db import unit_of_work

pytestmark = pytest.mark.anyio
MOST = 3
LEAN = {"again", "choose", "look_again", "next", "notice", "reserve", "unwant"}
DESKS = {"requester": "home", "supplier": "supplier", "pickup": "pickup"}
STORIES: dict[str, Sequence[tuple[str, dict[str, Any]]]] = {
    "called back": [
        ("requester/ask_status", {}),
        ("supplier/agree", {}),
        ("supplier/ship", {"parcel": "P1"}),
        ("supplier/recall", {}),
        ("pickup/receive", {}),
        ("pickup/shelve", {}),
        ("supplier/hold_return", {}),
        ("supplier/release_return", {}),
        ("pickup/write", {"note": "已上架"}),
        ("requester/cancel", {}),
        ("pickup/send_on", {}),
        ("supplier/home", {}),
    ],
    "on a condition": [
        ("supplier/condition", {"condition": "馆内阅览"}),
        ("requester/refuse", {}),
        ("requester/cancel", {}),
    ],
    "tried again": [
        ("supplier/offer_retry", {}),
        ("requester/accept_retry", {}),
        ("supplier/offer_retry", {}),
        ("requester/refuse_retry", {}),
        ("requester/close", {}),
    ],
    "damaged": [
        ("supplier/agree", {}),
        ("supplier/ship", {}),
        ("pickup/receive_damaged", {"damage": "缺页"}),
        ("pickup/send_on", {}),
    ],
    "lost": [
        ("supplier/agree", {}),
        ("supplier/ship", {}),
        ("pickup/receive", {}),
        ("pickup/lose", {"payer": "pickup"}),
        ("pickup/settle", {}),
        ("supplier/settle", {}),
        ("supplier/home_damaged", {}),
    ],
    "missing": [("supplier/agree", {}), ("supplier/miss", {})],
    "declined": [("supplier/decline", {"reason": "OthersWait"})],
}


@pytest.fixture
def trips(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every order that goes to the database by the lean road, in the order of the trips.

    Whatever enters a branch by the ordinary road stands there, too, once: it takes many.
    """
    said: list[str] = []

    def counted(plain: Any) -> Any:
        async def trip(self: Any, query: str, *told: Any, **more: Any) -> Any:
            if not query.endswith(";") and not query.startswith("NOTIFY"):  # of other roads
                said.append(query)
            return await plain(self, query, *told, **more)

        return trip

    ordinary = PreparedStatement.fetch

    async def prepared(self: Any, *told: Any, **more: Any) -> Any:
        if "pinakes_enter" in self.get_query():
            said.extend(["by the ordinary road"] * (MOST + 1))
        return await ordinary(self, *told, **more)

    for name in ("fetch", "fetchrow", "fetchval", "execute"):
        monkeypatch.setattr(asyncpg.Connection, name, counted(getattr(asyncpg.Connection, name)))
    monkeypatch.setattr(PreparedStatement, "fetch", prepared)
    return said


def names(trips: list[str]) -> list[str]:
    """What was called, trip by trip."""
    return [order.split("(")[0].split()[-1] for order in trips]


async def by_hand(b: Borrowing) -> str:
    """A title whose only copy is at a branch that answers by hand."""
    await rule(b.database, b.supplier, supply_answers="hand")
    title = await edition(b.database, b.home.consortium)
    await held(b.database, b.supplier, title)
    return str(title)


@pytest.mark.parametrize("number", range(1, LATEST + 1))
def test_no_act_decides_what_would_need_a_session(number: int) -> None:
    """There is none on the lean road: what an act looks at is told by ``lending_around``."""
    decided = {
        effect
        for machine in model(number).machines.values()
        for (state, on), moves in machine.moves.items()
        if on in machine.acts(state)
        for effect in [effect for move in moves for effect in move.do]
    }
    assert decided & DECIDING.keys() <= LEAN


async def test_the_ordinary_road_is_seen(borrowing: Borrowing, trips: list[str]) -> None:
    """Else the other tests of this file would prove nothing."""
    async with unit_of_work(borrowing.database.app, borrowing.home.id):
        assert len(trips) > MOST


async def test_a_hold_takes_three_trips_at_most_whoever_asks(
    client: httpx.AsyncClient,
    borrowing: Borrowing,
    me: dict[str, str],
    desks: dict[str, Desk],
    trips: list[str],
) -> None:
    b = borrowing
    wish = {"edition": await by_hand(b), "pickup": b.pickup.code}
    trips.clear()
    asked = await desks["home"].ask("/requests", wish | {"card": b.reader.card})
    assert (asked.status_code, names(trips)) == (
        201, ["read_place", "commons.shortlist", "write_place"],
    )  # fmt: skip
    trips.clear()
    path = f"/v1/b/{b.home.code}/requests"
    mine = await client.post(path, json=wish | {"sure": True}, headers=me)
    assert (mine.status_code, names(trips)) == (201, ["read_place", "write_place"])
    trips.clear()
    kept = await desks["home"].ask(f"/requests/{mine.json()['request']}/requester/keep", {})
    assert (kept.status_code, names(trips)) == (
        200, ["read_request", "commons.shortlist", "write_request"],
    )  # fmt: skip


async def test_a_wish_that_the_staff_name_takes_three_trips(
    borrowing: Borrowing, desks: dict[str, Desk], trips: list[str]
) -> None:
    b = borrowing
    title = await by_hand(b)
    wish = {"title": "那本红色封面的", "pickup": b.pickup.code, "card": b.reader.card}
    request = (await desks["home"].ask("/requests", wish)).json()["request"]
    trips.clear()
    path = f"/requests/{request}/requester/describe"
    told = await desks["home"].ask(path, {"edition": title})
    assert (told.json()["state"], len(trips)) == ("SENT", MOST)
    [listed] = (await desks["home"].look("/requests"))["items"]
    assert listed["title"] == told.json()["title"] != wish["title"]


@pytest.mark.parametrize("story", STORIES)
async def test_each_step_takes_three_trips_at_most(
    borrowing: Borrowing, desks: dict[str, Desk], trips: list[str], story: str
) -> None:
    b = borrowing
    wish = {"edition": await by_hand(b), "pickup": b.pickup.code, "card": b.reader.card}
    request = (await desks["home"].ask("/requests", wish)).json()["request"]
    for path, told in STORIES[story]:
        await deliver(b.database)
        trips.clear()
        desk = desks[DESKS[path.split("/")[0]]]
        answer = await desk.ask(f"/requests/{request}/{path}", told)
        assert answer.status_code == 200, (path, answer.text)
        assert 0 < len(trips) <= MOST, (path, names(trips))


async def test_a_reader_s_own_steps_and_scans_take_two_trips(
    client: httpx.AsyncClient,
    borrowing: Borrowing,
    me: dict[str, str],
    desks: dict[str, Desk],
    trips: list[str],
) -> None:
    b = borrowing
    title = await edition(b.database, b.home.consortium)
    [barcode] = await held(b.database, b.supplier, title)
    request = await b.place(title)
    card = {"card": b.reader.card, "barcode": barcode}
    for desk, path, told in (
        ("supplier", "/scans", {"barcode": barcode, "parcel": "P2"}),
        ("pickup", "/scans", {"barcode": "P2"}),
        ("pickup", "/scans", {"barcode": barcode}),
        ("pickup", "/loans", card),
        ("reader", f"/requests/{request}/renew", {}),
        ("pickup", "/returns", {"barcode": barcode}),
        ("pickup", "/scans", {"barcode": barcode}),
        ("supplier", "/scans", {"barcode": barcode}),
    ):
        trips.clear()
        if desk == "reader":
            answer = await client.post(f"/v1/b/{b.home.code}{path}", json=told, headers=me)
        else:
            answer = await desks[desk].ask(path, told)
        assert answer.is_success, (path, answer.text)
        assert len(trips) == 2, (path, names(trips))
        await deliver(b.database)


async def lent_out(b: Borrowing, desk: Desk, copies: int) -> list[str]:
    """Barcodes of that many books which a reader of their branch has from its desk."""
    title = await edition(b.database, b.home.consortium)
    barcodes = await held(b.database, b.supplier, title, copies)
    holder = await enrol(b.database, b.supplier)
    for barcode in barcodes:
        assert (await desk.lend(holder.card, barcode)).is_success
    await deliver(b.database)
    return barcodes


async def test_a_return_where_nobody_has_a_part_in_it_takes_three_trips(
    borrowing: Borrowing, desks: dict[str, Desk], trips: list[str]
) -> None:
    b = borrowing
    looked = ["read_scan", "read_books", "write_request"]
    [barcode] = await lent_out(b, desks["supplier"], 1)
    for desk, scanned, verb in (
        ("pickup", barcode, "found"),
        ("pickup", barcode, "found"),
        ("pickup", "NOBODY-S", "unknown"),
        ("supplier", barcode, "shelve"),
        ("supplier", barcode, "shelve"),
    ):
        trips.clear()
        answer = await desks[desk].ask("/scans", {"barcode": scanned}, key=f"{desk}/{verb}")
        [done] = answer.json()["items"]
        assert (done["verb"], names(trips)[:1]) == (verb, looked[:1])
        assert names(trips) in (looked, looked[:1]), "the second of a key has its first answer"
        await deliver(b.database)
    assert (await b.item(b.supplier, barcode)).status == "on_shelf"


async def test_a_parcel_takes_three_trips_however_many_books_are_in_it(
    borrowing: Borrowing, desks: dict[str, Desk], trips: list[str]
) -> None:
    b = borrowing
    barcodes = await lent_out(b, desks["supplier"], 4)
    for barcode in barcodes:
        await desks["pickup"].ask("/scans", {"barcode": barcode, "parcel": "P-4"})
    await deliver(b.database)
    trips.clear()
    done = (await desks["supplier"].ask("/scans", {"barcode": "P-4"})).json()["items"]
    assert {one["barcode"] for one in done} == set(barcodes)
    assert len(trips) == MOST
    for barcode in barcodes:
        assert (await b.item(b.supplier, barcode)).status == "on_shelf"


async def test_the_look_at_a_book_tells_of_another_branch_s_no_more_than_whose_it_is(
    borrowing: Borrowing, desks: dict[str, Desk]
) -> None:
    b = borrowing
    [barcode] = await lent_out(b, desks["supplier"], 1)
    look = "SELECT read_books($1, $2, NULL)"
    [theirs] = await b.database.hot.fetchval(look, b.pickup.id, [barcode])
    none = dict.fromkeys(("parties", "item", "version", "status", "request"))
    assert theirs == none | {"barcode": barcode, "owners": [b.supplier.id]}
    [ours] = await b.database.hot.fetchval(look, b.supplier.id, [barcode])
    assert (ours["status"], ours["owners"]) == ("lent", [b.supplier.id])
