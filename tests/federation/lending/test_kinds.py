"""Rules of reservation look at the copies themselves, whatever the asker says of them."""

from typing import Any
from uuid import UUID

import httpx
import pytest
from borrowing import Borrowing, ask_for, edition, held
from conftest import MakeTenant
from lending import Bearer, deliver, enrol, rule
from mint import Mint
from request_desk import ENGLISH
from sqlalchemy import select

from pinakes.federation.holds.rules import NotForHold
from pinakes.federation.lending import service
from pinakes.federation.lending.model import Role
from pinakes.federation.lending.models import PartyRow, Request
from pinakes.federation.lending.schemas import NewRequest
from pinakes.platform.db import unit_of_work
from pinakes.platform.directory import Tenant
from pinakes.platform.messages import emit
from pinakes.tenants.items.events import ItemsChanged
from pinakes.tenants.items.models import Item
from pinakes.tenants.items.schemas import NewItem
from pinakes.tenants.items.service import shelve

pytestmark = pytest.mark.anyio

FROM_18: list[Any] = [{}, {"item": "restricted", "least_age": 18}]


@pytest.fixture
async def child(borrowing: Borrowing) -> Bearer:
    """A reader of the home, where some copies are for adults alone."""
    await rule(borrowing.database, borrowing.home, hold_rules=FROM_18)
    return await enrol(borrowing.database, borrowing.home, "child")


@pytest.fixture
async def another(borrowing: Borrowing, make_tenant: MakeTenant) -> Tenant:
    """One more branch that answers by itself."""
    b = borrowing
    branch = await make_tenant(b.directory.ids[b.home.path[-2]])
    await b.directory.refresh(b.database.public)
    await rule(b.database, branch, supply_answers="automatic", calendar_closed_weekdays=[])
    return branch


async def titled(b: Borrowing, *at: tuple[Tenant, str]) -> UUID:
    """A title with one copy of a kind at each of these branches."""
    title = await edition(b.database, b.home.consortium)
    for branch, kind in at:
        await held(b.database, branch, title, kind=kind)
    return title


async def asks(b: Borrowing, reader: Bearer, wanted: UUID | None, **more: Any) -> UUID:
    """The id of a request of this reader, once all have heard of it."""
    wish = NewRequest(pickup=b.pickup.code, edition=wanted, **more)
    request = await ask_for(b.database, b.directory, reader, wish)
    await deliver(b.database)
    return request


async def supplied(b: Borrowing, request: UUID) -> tuple[str, int | None, str | None]:
    """Where the last attempt of a request stands, whom it asks, and for what kind of copy."""
    state, supplier = (await b.wish(request)).state, None
    mine = select(PartyRow).where(PartyRow.request_id == request)
    async with unit_of_work(b.database.app, b.home.id) as session:
        asks = mine.where(PartyRow.role == Role.REQUESTER).order_by(PartyRow.attempt.desc())
        row = (await session.scalars(asks)).first()
        supplier = row.supplier_id if row else None
    if supplier is None:
        return state, None, None
    async with unit_of_work(b.database.app, supplier) as session:
        [row] = await session.scalars(mine.where(PartyRow.role == Role.SUPPLIER))
        return state, supplier, row.facts.get("item_kind")


async def test_by_api_a_child_is_refused_what_an_adult_may_have(
    client: httpx.AsyncClient, borrowing: Borrowing, child: Bearer, mint: Mint, me: dict[str, str]
) -> None:
    b, path = borrowing, f"/v1/b/{borrowing.home.code}/requests"
    title = await titled(b, (b.supplier, "restricted"))
    wish = {"edition": str(title), "pickup": b.pickup.code}
    refused = await client.post(path, json=wish, headers=mint.reader(child.person, b.home.code))
    told = refused.json()
    assert (refused.status_code, told["code"]) == (409, "hold_too_young")
    assert told["rule"] == "*/restricted"
    allowed = await client.post(path, json=wish, headers=me)
    assert (allowed.status_code, allowed.json()["rule"]) == (201, "*/restricted")
    said = await client.post(path, json=wish | {"kind": "book"}, headers=me)
    assert said.status_code == 400, "nobody says of what kind a copy is"


async def test_on_the_page_a_child_is_refused_what_an_adult_may_have(
    client: httpx.AsyncClient, borrowing: Borrowing, child: Bearer, mint: Mint, me: dict[str, str]
) -> None:
    b, path = borrowing, f"/b/{borrowing.home.code}/me/requests"
    form = {"edition": str(await titled(b, (b.supplier, "restricted"))), "pickup": b.pickup.code}
    young = mint.reader(child.person, b.home.code) | ENGLISH
    refused = await client.post(path, data=form, headers=young)
    assert refused.status_code == 409
    assert "The reader is too young for items of this kind" in refused.text
    allowed = await client.post(path, data=form, headers=me | ENGLISH)
    assert allowed.status_code == 303, allowed.text


async def test_the_limit_of_a_kind_counts_copies_of_that_kind(
    client: httpx.AsyncClient, borrowing: Borrowing, me: dict[str, str]
) -> None:
    b, path = borrowing, f"/v1/b/{borrowing.home.code}/requests"
    await rule(b.database, b.home, hold_rules=[{}, {"item": "audio", "limit": 1}])
    asked: list[tuple[int, str]] = []
    for kind in ("book", "audio", "audio", "book"):
        wish = {"edition": str(await titled(b, (b.supplier, kind))), "pickup": b.pickup.code}
        answer = await client.post(path, json=wish, headers=me)
        asked.append((answer.status_code, answer.json()["rule"]))
    assert asked == [(201, "*/*"), (201, "*/audio"), (409, "*/audio"), (201, "*/*")]


async def test_of_two_suppliers_the_one_is_asked_whose_copy_the_reader_may_have(
    borrowing: Borrowing, child: Bearer, another: Tenant
) -> None:
    b = borrowing
    title = await titled(b, (b.home, "restricted"), (another, "book"))
    request = await asks(b, child, title)
    assert await supplied(b, request) == ("WILL_SUPPLY", another.id, "book")
    assert (await b.wish(request)).kind == "book"


@pytest.mark.parametrize("answers", ["automatic", "hand"])
async def test_of_two_copies_of_one_record_the_reader_gets_the_one_that_is_allowed(
    borrowing: Borrowing, child: Bearer, answers: str
) -> None:
    b = borrowing
    await rule(b.database, b.supplier, supply_answers=answers)
    title = await titled(b, (b.supplier, "restricted"))
    await beside(b, b.supplier, "book")
    request = await asks(b, child, title)
    if answers == "hand":
        await b.act(b.supplier, request, Role.SUPPLIER, "agree")
    assert await supplied(b, request) == ("WILL_SUPPLY", b.supplier.id, "book")


async def beside(b: Borrowing, at: Tenant, kind: str) -> None:
    """One more copy of the only record of a branch, of another kind."""
    async with unit_of_work(b.database.app, at.id) as session:
        [record] = await session.scalars(select(Item.record_id))
        await shelve(session, [NewItem(record, f"K{record.hex[-12:]}", kind)])
    await deliver(b.database)


async def test_one_copy_is_judged_as_what_it_is(
    client: httpx.AsyncClient, borrowing: Borrowing, child: Bearer, mint: Mint
) -> None:
    b, path = borrowing, f"/v1/b/{borrowing.home.code}/requests"
    await titled(b, (b.supplier, "restricted"))
    await beside(b, b.supplier, "book")
    async with unit_of_work(b.database.app, b.supplier.id) as session:
        copies = {item.kind: item for item in await session.scalars(select(Item))}
    answers: list[tuple[int, str]] = []
    for kind in ("restricted", "book"):
        item = copies[kind]
        wish = {"owner": b.supplier.code, "record": str(item.record_id), "item": str(item.id)}
        wish["pickup"] = b.pickup.code
        young = mint.reader(child.person, b.home.code)
        answer = await client.post(path, json=wish, headers=young)
        answers.append((answer.status_code, answer.json()["rule"]))
    assert answers == [(409, "*/restricted"), (201, "*/*")]


async def test_a_copy_goes_past_whoever_may_not_have_it(
    borrowing: Borrowing, child: Bearer, another: Tenant
) -> None:
    b = borrowing
    title = await titled(b, (b.supplier, "restricted"), (another, "book"))
    barcodes = {at.id: await away(b, at) for at in (b.supplier, another)}
    young, old = await asks(b, child, title), await asks(b, b.reader, title)
    assert {(await b.wish(one)).state for one in (young, old)} == {"WAITING"}
    await back(b, b.supplier, barcodes[b.supplier.id])
    assert (await supplied(b, young))[0] == "WAITING"
    assert await supplied(b, old) == ("WILL_SUPPLY", b.supplier.id, "restricted")
    await back(b, another, barcodes[another.id])
    assert await supplied(b, young) == ("WILL_SUPPLY", another.id, "book")


async def away(b: Borrowing, at: Tenant) -> str:
    """The barcode of the only copy of a branch, which is lent."""
    return await put(b, at, "lent")


async def back(b: Borrowing, at: Tenant, barcode: str) -> None:
    assert await put(b, at, "on_shelf") == barcode


async def put(b: Borrowing, at: Tenant, place: Any) -> str:
    async with unit_of_work(b.database.app, at.id) as session:
        [item] = await session.scalars(select(Item))
        item.status = place
        emit(session, ItemsChanged(about=item.record_id, records=[item.record_id]), to=at.id)
        barcode = item.barcode
    await deliver(b.database)
    return barcode


async def test_the_staff_name_no_title_that_the_reader_may_not_have(
    borrowing: Borrowing, child: Bearer
) -> None:
    b = borrowing
    request = await asks(b, child, None, title="失传的书")
    barred = await titled(b, (b.supplier, "restricted"))
    with pytest.raises(NotForHold):
        await b.act(b.home, request, Role.REQUESTER, service.DESCRIBE, edition=str(barred))
    open_to_all = await titled(b, (b.supplier, "book"))
    await b.act(b.home, request, Role.REQUESTER, service.DESCRIBE, edition=str(open_to_all))
    assert (await supplied(b, request))[0] == "WILL_SUPPLY"
    async with unit_of_work(b.database.app, b.home.id) as session:
        assert await session.scalar(select(Request.kind)) == "book"


async def test_what_is_for_reference_everywhere_is_looked_at_by_the_staff(
    borrowing: Borrowing,
) -> None:
    b = borrowing
    request = await b.place(await titled(b, (b.supplier, "reference")))
    assert (await b.wish(request)).state == "NEEDS_REVIEW"
