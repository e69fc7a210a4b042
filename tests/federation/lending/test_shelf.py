"""The hold shelf: how long a book waits there, and a reader who takes what was given up."""

from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import httpx
import pytest
from borrowing import Borrowing, edition, held
from lending import Desk, deliver, desk_at, enrol, rule
from mint import Mint
from sqlalchemy import select, update

from pinakes.federation.lending import service
from pinakes.federation.lending.model import Role
from pinakes.federation.lending.models import PartyRow
from pinakes.federation.lending.timers import ring_due
from pinakes.main.features import FEATURES
from pinakes.platform.carrier import carry
from pinakes.platform.clock import now
from pinakes.platform.db import public_work, unit_of_work
from pinakes.platform.feature import listeners_of
from pinakes.platform.messages import Outbox
from pinakes.tenants.circulation.models import Loan

R, S, P = Role.REQUESTER, Role.SUPPLIER, Role.PICKUP
pytestmark = pytest.mark.anyio


@pytest.fixture
def desk(client: httpx.AsyncClient, mint: Mint, borrowing: Borrowing) -> Desk:
    return desk_at(client, mint, borrowing.pickup)


async def ready(b: Borrowing) -> tuple[UUID, str]:
    """A request whose book waits on the hold shelf, and the barcode."""
    title = await edition(b.database, b.home.consortium)
    [barcode] = await held(b.database, b.supplier, title)
    request = await b.place(title)
    await b.act(b.supplier, request, S, "ship")
    if b.pickup != b.supplier:
        await b.act(b.pickup, request, P, "receive")
        await b.act(b.pickup, request, P, "shelve")
    return request, barcode


async def collect_by(b: Borrowing) -> datetime:
    """Until when the book waits, as the pickup branch has told."""
    async with unit_of_work(b.database.app, b.home.id) as session:
        [row] = await session.scalars(select(PartyRow).where(PartyRow.role == R))
    return datetime.fromtimestamp(row.facts["collect_by"], ZoneInfo(b.pickup.zone))


@pytest.mark.parametrize("same_branch", [False, True], ids=["elsewhere", "where it stands"])
async def test_a_book_waits_as_long_as_the_pickup_branch_says_and_no_closed_day_ends_it(
    borrowing: Borrowing, same_branch: bool
) -> None:
    b = borrowing
    if same_branch:
        b.pickup = b.supplier
    today = now().astimezone(ZoneInfo(b.pickup.zone)).date()
    await rule(b.database, b.pickup, hold_shelf_days=3)
    shut = [today + timedelta(days=days) for days in (3, 4)]
    await rule(b.database, b.pickup, calendar_closed_days=[day.isoformat() for day in shut])
    request, _ = await ready(b)
    until = await collect_by(b)
    assert until.date() == today + timedelta(days=5)
    assert until.time().isoformat() == "23:59:59"
    await ring_due(b.database, until - timedelta(seconds=1))
    await deliver(b.database)
    assert (await b.states(request))["pickup"] == "READY"
    await ring_due(b.database, until + timedelta(seconds=1))
    await deliver(b.database)
    ended = "DONE" if same_branch else "UNCOLLECTED"
    assert (await b.states(request))["pickup"] == ended


async def test_what_nobody_collects_goes_to_the_next_who_waits(borrowing: Borrowing) -> None:
    b = borrowing
    b.pickup = b.supplier
    request, barcode = await ready(b)
    item = await b.item(b.supplier, barcode)
    b.reader = await enrol(b.database, b.home)
    second = await b.place(await title_of(b, request))
    assert (await b.wish(second)).state == "WAITING"
    await ring_due(b.database, now() + timedelta(days=9))
    await deliver(b.database)
    assert (await b.wish(request)).state == "COMPLETED"
    assert (await b.states(second))["supplier"] == "WILL_SUPPLY"
    assert (await b.item(b.supplier, barcode)).request_id == second != item.request_id


async def title_of(b: Borrowing, request: UUID) -> UUID:
    edition_id = (await b.wish(request)).edition_id
    assert edition_id is not None
    return edition_id


@pytest.mark.parametrize("same_branch", [False, True], ids=["elsewhere", "where it stands"])
async def test_a_book_is_lent_while_the_word_that_it_is_given_up_is_under_way(
    borrowing: Borrowing, desk: Desk, client: httpx.AsyncClient, mint: Mint, same_branch: bool
) -> None:
    b = borrowing
    if same_branch:
        b.pickup = b.supplier
        desk = desk_at(client, mint, b.pickup)
    request, barcode = await ready(b)
    async with unit_of_work(b.database.app, b.home.id) as session:
        await service.act(session, request, R, "cancel")
    lent = await desk.lend(b.reader.card, barcode)
    assert lent.status_code == 201, lent.text
    await overtaken(b, "KeptLent")
    await deliver(b.database)
    assert await b.states(request) == {
        "requester": "CHECKED_OUT", "supplier": "RECEIVED", "pickup": "LENT",
    }  # fmt: skip
    await desk.take_back(barcode)
    await deliver(b.database)
    if not same_branch:
        await b.act(b.pickup, request, P, "send_on")
        await b.act(b.supplier, request, S, "home")
    assert set((await b.states(request)).values()) == {"COMPLETED", "DONE"}
    async with unit_of_work(b.database.app, b.pickup.id) as session:
        assert not (await session.scalars(select(Loan).where(Loan.returned_at.is_(None)))).all()


async def overtaken(b: Borrowing, kind: str) -> None:
    """Deliver everything but the desk's own word."""
    async with public_work(b.database.carrier) as session:
        late = update(Outbox).where(Outbox.kind == kind, Outbox.state == "waiting")
        await session.execute(late.values(due_at=now() + timedelta(hours=1)))
    while await carry(b.database, listeners_of(FEATURES)):
        pass


async def test_what_was_given_up_is_lent_to_nobody_until_it_is_back_on_the_shelf(
    borrowing: Borrowing, client: httpx.AsyncClient, mint: Mint
) -> None:
    b = borrowing
    b.pickup = b.supplier
    request, barcode = await ready(b)
    async with unit_of_work(b.database.app, b.pickup.id) as session:
        found = await service.find(session, request, P, None)
        assert found.party.state == "READY"
    await ring_due(b.database, now() + timedelta(days=9))  # the news is not delivered yet
    refused = await desk_at(client, mint, b.pickup).lend(b.reader.card, barcode)
    assert refused.json()["code"] == "item_not_available"
    await deliver(b.database)
    assert (await b.item(b.supplier, barcode)).status == "on_shelf"
