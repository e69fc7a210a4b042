"""Books are called back for those who wait, as the branch, or one above it, has decided."""

from datetime import timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import httpx
import pytest
from borrowing import Borrowing, edition, held
from lending import Desk, deliver, desk_at, enrol, rule
from mint import Mint
from posting import reach
from sqlalchemy import select

from pinakes.federation.lending.model import Role
from pinakes.federation.loans.models import Borrowed
from pinakes.federation.notices.models import Notice
from pinakes.platform.clock import now
from pinakes.platform.db import unit_of_work
from pinakes.tenants.circulation.models import Loan

R, S, P = Role.REQUESTER, Role.SUPPLIER, Role.PICKUP
pytestmark = pytest.mark.anyio


@pytest.fixture
def desk(client: httpx.AsyncClient, mint: Mint, borrowing: Borrowing) -> Desk:
    return desk_at(client, mint, borrowing.supplier)


async def lent(b: Borrowing, desk: Desk) -> tuple[UUID, str, Loan]:
    """A title whose only copy a reader has from the supplier's desk, its barcode and the loan."""
    title = await edition(b.database, b.home.consortium)
    [barcode] = await held(b.database, b.supplier, title)
    visitor = await enrol(b.database, b.supplier)
    await reach(b.database, visitor)
    answer = await desk.lend(visitor.card, barcode)
    assert answer.status_code == 201, answer.text
    await deliver(b.database)
    return title, barcode, await loan(b)


async def loan(b: Borrowing) -> Loan:
    async with unit_of_work(b.database.app, b.supplier.id) as session:
        found: Loan | None = await session.scalar(select(Loan))
        assert found is not None
        return found


async def test_a_loan_is_shortened_once_enough_wait_and_no_renewal_goes_beyond(
    borrowing: Borrowing, desk: Desk
) -> None:
    b, hub = borrowing, borrowing.directory.ids[borrowing.home.path[0]]
    await rule(b.database, hub, hold_recall={"waiting": 2, "kept_days": 9, "days": 5})
    title, barcode, before = await lent(b, desk)
    await b.place(title)
    assert (await loan(b)).due_at == before.due_at, "one may wait"
    b.reader = await enrol(b.database, b.home)
    await b.place(title)
    after = await loan(b)
    zone = ZoneInfo(b.supplier.zone)
    ninth = (now().astimezone(zone) + timedelta(days=9)).date()
    assert after.due_at.astimezone(zone).date() == ninth, "it may be kept so long by everybody"
    async with unit_of_work(b.database.app, b.supplier.id) as session:
        known = await session.scalar(select(Borrowed).where(Borrowed.id == after.id))
    assert known is not None
    assert known.due_at == after.due_at, "its reader's list says so"
    async with unit_of_work(b.database.app, b.supplier.id) as session:
        [told] = await session.scalars(select(Notice).where(Notice.person_id == after.person_id))
    assert (told.kind, told.facts["title"]) == ("recalled", after.title)
    assert told.facts["due"] == int(after.due_at.timestamp())
    assert (await desk.renew(str(after.id))).status_code == 409
    assert (await b.item(b.supplier, barcode)).back_by == after.due_at
    await desk.take_back(barcode)
    await deliver(b.database)
    assert (await b.item(b.supplier, barcode)).back_by is None


async def test_nothing_is_called_back_where_nobody_has_decided_so(
    borrowing: Borrowing, desk: Desk
) -> None:
    b = borrowing
    title, _, before = await lent(b, desk)
    await b.place(title)
    assert (await loan(b)).due_at == before.due_at


async def test_a_book_with_another_branch_is_called_back_by_its_request(
    borrowing: Borrowing,
) -> None:
    b = borrowing
    await rule(b.database, b.supplier, hold_recall={"waiting": 1, "kept_days": 0, "days": 5})
    title = await edition(b.database, b.home.consortium)
    await held(b.database, b.supplier, title)
    first = await b.place(title)
    await b.act(b.supplier, first, S, "ship")
    await b.act(b.pickup, first, P, "receive")
    b.reader = await enrol(b.database, b.home)
    await b.place(title)
    assert (await b.states(first))["supplier"] == "RECALLED"


async def test_a_desk_calls_back_as_the_setting_says_or_not_at_all(
    borrowing: Borrowing, desk: Desk
) -> None:
    b = borrowing
    title = await edition(b.database, b.home.consortium)
    await held(b.database, b.supplier, title)
    request = await b.place(title)
    await b.act(b.supplier, request, S, "ship")
    await rule(b.database, b.supplier, hold_recall={"by_hand": False})
    path = f"/requests/{request}/supplier/recall"
    assert (await desk.ask(path, {})).json()["code"] == "recall_not_allowed"
    await rule(b.database, b.supplier, hold_recall={"days": 3})
    called = await desk.ask(path, {})
    assert called.json()["state"] == "RECALLED"
    third = (now().astimezone(ZoneInfo(b.supplier.zone)) + timedelta(days=3)).date()
    due = now().fromisoformat(called.json()["due"])
    assert due.astimezone(ZoneInfo(b.supplier.zone)).date() == third
