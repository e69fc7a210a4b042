"""Parties that disagree: what the desk of the home can do about it over HTTP and on the page."""

from dataclasses import replace
from uuid import UUID

import httpx
import pytest
from borrowing import Borrowing, edition, held
from lending import Desk, deliver
from mint import Mint
from sqlalchemy import func, select, update

from pinakes.federation.lending.model import Role
from pinakes.federation.lending.models import PartyRow
from pinakes.platform.audit import Audit
from pinakes.platform.db import unit_of_work

pytestmark = pytest.mark.anyio


@pytest.fixture
async def disagreeing(borrowing: Borrowing) -> UUID:
    """A request that is over for its home, while the others say that its book is on the way."""
    return await disagreeing_at(borrowing)


async def disagreeing_at(b: Borrowing) -> UUID:
    title = await edition(b.database, b.home.consortium)
    await held(b.database, b.supplier, title)
    request = await b.place(title)
    await b.act(b.supplier, request, Role.SUPPLIER, "ship")
    over = {"state": "COMPLETED", "over": True, "trouble": "pickup:ON_ITS_WAY supplier:SHIPPED"}
    async with unit_of_work(b.database.app, b.home.id) as session:
        home = update(PartyRow).where(PartyRow.role == Role.REQUESTER)
        await session.execute(home.values(over))
    return request


async def repairs(b: Borrowing) -> int:
    """How often a repair stands in the audit of the home."""
    async with unit_of_work(b.database.app, b.home.id) as session:
        noted = select(func.count()).where(Audit.operation == "request.repair")
        return (await session.scalars(noted)).one()


async def test_the_home_lets_all_say_again_and_sets_itself_right(
    borrowing: Borrowing, desks: dict[str, Desk], disagreeing: UUID
) -> None:
    b, path = borrowing, f"/requests/{disagreeing}"
    [party] = (await desks["home"].look(path))["parties"]
    assert party["rights"] == ["SHIPPED"]
    assert (await desks["home"].ask(f"{path}/repair", {})).status_code == 204
    await deliver(b.database)
    assert await repairs(b) == 1
    refused = await desks["home"].ask(f"{path}/set-right", {"state": "RECEIVED"})
    assert (refused.json()["code"], refused.json()["states"]) == (
        "not_to_be_set_right",
        ["SHIPPED"],
    )
    assert (await desks["home"].ask(f"{path}/set-right", {"state": "SHIPPED"})).status_code == 204
    assert (await b.wish(disagreeing)).state == "SHIPPED"


async def test_another_party_is_told_whose_it_is_to_repair(
    desks: dict[str, Desk], disagreeing: UUID
) -> None:
    answer = await desks["supplier"].ask(f"/requests/{disagreeing}/repair", {})
    assert (answer.status_code, answer.json()["code"]) == (404, "no_such_request")


@pytest.mark.parametrize(("tongue", "again"), [("en", "Let all say again"), ("zh", "重新告知状态")])
async def test_the_page_of_the_request_has_a_button_for_each(
    client: httpx.AsyncClient,
    mint: Mint,
    borrowing: Borrowing,
    disagreeing: UUID,
    tongue: str,
    again: str,
) -> None:
    b = borrowing
    page = f"/b/{b.home.code}/lending/requests/{disagreeing}"
    staff = mint.staff(f"desk@{b.home.code}") | {"Accept": "text/html", "Accept-Language": tongue}
    shown = await client.get(page, headers=staff)
    assert again in shown.text
    assert 'name="state" value="SHIPPED"' in shown.text
    for act, form in (("repair", {}), ("set-right", {"state": "SHIPPED"})):
        done = await client.post(f"{page}/{act}", data=form, headers=staff)
        assert (done.status_code, done.headers["location"]) == (303, page)
    assert await repairs(b) == 1
    assert (await b.wish(disagreeing)).state == "SHIPPED"


async def test_the_page_has_them_too_where_the_home_is_the_pickup_branch(
    client: httpx.AsyncClient, mint: Mint, borrowing: Borrowing
) -> None:
    b = replace(borrowing, pickup=borrowing.home)
    page = f"/b/{b.home.code}/lending/requests/{await disagreeing_at(b)}"
    staff = mint.staff(f"desk@{b.home.code}") | {"Accept": "text/html"}
    shown = await client.get(page, headers=staff)
    assert f'action="{page}/repair"' in shown.text
    assert 'name="state" value="SHIPPED"' in shown.text
