"""A copy that is back before anybody knew who waits for it."""

import httpx
import pytest
from borrowing import Borrowing, edition, held
from conftest import MakeTenant
from lending import deliver, desk_at, enrol, rule
from mint import Mint
from sqlalchemy import select

from pinakes.federation.lending.model import Role
from pinakes.platform.db import unit_of_work
from pinakes.platform.messages import emit
from pinakes.tenants.items.events import ItemsChanged
from pinakes.tenants.items.machine import Status
from pinakes.tenants.items.models import Item
from pinakes.tenants.items.schemas import NewItem
from pinakes.tenants.items.service import shelve

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("by_itself", [True, False])
async def test_who_had_no_copy_looks_again_once_somebody_waits(
    borrowing: Borrowing,
    make_tenant: MakeTenant,
    client: httpx.AsyncClient,
    mint: Mint,
    by_itself: bool,
) -> None:
    """The first has none and says so by itself; while the second thinks, it gets one back."""
    b = borrowing
    slow = await make_tenant(b.directory.ids[b.home.path[-2]])
    await b.directory.refresh(b.database.public)
    await rule(b.database, slow, supply_answers="hand", supply_last_resort=True)
    title = await edition(b.database, b.home.consortium)
    [barcode] = await held(b.database, b.supplier, title)
    await held(b.database, slow, title)
    if not by_itself:
        await rule(b.database, b.supplier, supply_answers="hand")
    desk, holder = desk_at(client, mint, b.supplier), await enrol(b.database, b.supplier)
    assert (await desk.lend(holder.card, barcode)).is_success  # and nobody has heard of it yet
    request = await b.place(title)
    if not by_itself:
        await b.act(b.supplier, request, Role.SUPPLIER, "decline", reason="NotOnShelf")
    assert (await desk.take_back(barcode)).is_success
    await deliver(b.database)
    await b.act(slow, request, Role.SUPPLIER, "decline", reason="NotOnShelf")
    assert (await b.wish(request)).state == ("WILL_SUPPLY" if by_itself else "WAITING")


async def test_whose_only_copy_on_the_shelf_is_for_reference_is_not_asked(
    borrowing: Borrowing,
) -> None:
    b = borrowing
    title = await edition(b.database, b.home.consortium)
    [barcode] = await held(b.database, b.supplier, title)
    await put(b, barcode, Status.LENT)
    async with unit_of_work(b.database.app, b.supplier.id) as session:
        [record] = await session.scalars(select(Item.record_id))
        await shelve(session, [NewItem(record, f"R{barcode}", "reference")])
    await deliver(b.database)
    request = await b.place(title)
    wish = await b.wish(request)
    assert (wish.state, wish.attempt) == ("WAITING", 1)
    await put(b, barcode, Status.ON_SHELF)
    assert (await b.wish(request)).state == "WILL_SUPPLY"


async def put(b: Borrowing, barcode: str, status: Status) -> None:
    """Let this copy of the supplier stand there, and let all hear of it."""
    async with unit_of_work(b.database.app, b.supplier.id) as session:
        [book] = await session.scalars(select(Item).where(Item.barcode == barcode))
        book.status = status
        emit(session, ItemsChanged(about=book.record_id, records=[book.record_id]), to=None)
    await deliver(b.database)
