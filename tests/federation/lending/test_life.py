"""The whole life of a request over three branches, each with a database row of its own."""

import httpx
import pytest
from borrowing import Borrowing, edition, held
from lending import Desk, deliver, desk_at
from mint import Mint

from pinakes.federation.lending.model import Role

R, S, P = Role.REQUESTER, Role.SUPPLIER, Role.PICKUP
pytestmark = pytest.mark.anyio


@pytest.fixture
def pickup_desk(client: httpx.AsyncClient, mint: Mint, borrowing: Borrowing) -> Desk:
    return desk_at(client, mint, borrowing.pickup)


async def test_a_book_goes_to_a_third_branch_and_home_again(
    borrowing: Borrowing, pickup_desk: Desk
) -> None:
    b, title = borrowing, await edition(borrowing.database, borrowing.home.consortium)
    [barcode] = await held(b.database, b.supplier, title)
    request = await b.place(title)
    assert await b.states(request) == {
        "requester": "WILL_SUPPLY", "supplier": "WILL_SUPPLY", "pickup": "EXPECTED",
    }  # fmt: skip
    assert (await b.item(b.supplier, barcode)).status == "held"
    await b.act(b.supplier, request, S, "ship")
    assert (await b.item(b.supplier, barcode)).status == "out"
    await b.act(b.pickup, request, P, "receive")
    await b.act(b.pickup, request, P, "shelve")
    assert await b.states(request) == {
        "requester": "READY_FOR_PICKUP", "supplier": "RECEIVED", "pickup": "READY",
    }  # fmt: skip
    lent = await pickup_desk.lend(b.reader.card, barcode)
    assert lent.status_code == 201, lent.text
    await deliver(b.database)
    assert (await b.states(request))["requester"] == "CHECKED_OUT"
    back = await pickup_desk.take_back(barcode)
    assert back.status_code == 200, back.text
    await deliver(b.database)
    await b.act(b.pickup, request, P, "send_on")
    assert await b.states(request) == {
        "requester": "SHIPPED_RETURNED", "supplier": "SHIPPED_RETURN", "pickup": "SENT_ON",
    }  # fmt: skip
    await b.act(b.supplier, request, S, "home")
    assert await b.states(request) == {
        "requester": "COMPLETED", "supplier": "COMPLETED", "pickup": "DONE",
    }  # fmt: skip
    assert (await b.item(b.supplier, barcode)).status == "on_shelf"
    assert (await b.wish(request)).over
