"""Ordinary loans that end without their book: everybody hears how."""

from typing import Any

import httpx
import pytest
from lending import Bearer, Desk, deliver, desk_at, enrol
from mint import Mint
from sqlalchemy import select

from pinakes.federation.loans.models import Borrowed
from pinakes.platform.db import Database, unit_of_work
from pinakes.platform.directory import Tenant
from pinakes.tenants.items.models import Item

PLACES = {"lost": "lost", "claimed": "missing"}
pytestmark = pytest.mark.anyio


@pytest.fixture
def desk(client: httpx.AsyncClient, mint: Mint, tenant: Tenant) -> Desk:
    """Seldom done, and so by one road only."""
    return desk_at(client, mint, tenant)


async def ended(desk: Desk, card: str, book: str, outcome: str) -> dict[str, Any]:
    """A loan that this desk has made, and ended like this."""
    loan = (await desk.lend(card, book)).json()
    answer = await desk.ask(f"/loans/{loan['id']}/end", {"outcome": outcome})
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def status(database: Database, tenant: Tenant, barcode: str) -> str | None:
    async with unit_of_work(database.app, tenant.id) as session:
        found: str | None = await session.scalar(select(Item.status).where(Item.barcode == barcode))
        return found


@pytest.mark.parametrize("outcome", PLACES)
async def test_a_loan_ends_without_its_book_for_reader_item_and_home(
    desk: Desk, book: str, database: Database, tenant: Tenant, neighbour: Tenant, outcome: str
) -> None:
    visitor = await enrol(database, neighbour)
    loan = await ended(desk, visitor.card, book, outcome)
    assert (loan["state"], await status(database, tenant, book)) == (outcome, PLACES[outcome])
    await deliver(database)
    async with unit_of_work(database.app, neighbour.id) as session:
        known = await session.scalar(select(Borrowed).where(Borrowed.lender_id == tenant.id))
        assert known is not None
        assert (known.outcome, known.returned_at is None) == (outcome, False)
    again = await desk.ask(f"/loans/{loan['id']}/end", {"outcome": outcome})
    assert (again.status_code, again.json()["code"]) == (409, "loan_move_refused")


async def test_a_lost_book_that_is_found_goes_back_on_the_shelf_and_its_loan_stays_lost(
    desk: Desk, reader: Bearer, book: str, database: Database, tenant: Tenant
) -> None:
    await ended(desk, reader.card, book, "lost")
    await desk.ask("/scans", {"barcode": book})
    assert await status(database, tenant, book) == "on_shelf"
    shown = (await desk.take_back(book)).json()
    assert (shown["state"], shown["already"]) == ("lost", True)


async def test_readers_do_not_end_their_loans(
    desk: Desk, reader: Bearer, book: str, mint: Mint, tenant: Tenant
) -> None:
    loan = (await desk.lend(reader.card, book)).json()
    own = Desk(desk.client, tenant, mint.reader(reader.person, tenant.code))
    answer = await own.ask(f"/loans/{loan['id']}/end", {"outcome": "lost"})
    assert answer.status_code == 403
