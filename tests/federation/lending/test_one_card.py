"""One card across the country: borrowed in three provinces, given back in a fourth."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
import pytest
from borrowing import ask_for, edition, held
from conftest import MakeTenant
from lending import Bearer, Desk, deliver, desk_at, enrol, rule, stock
from litestar import Litestar
from mint import Mint
from registering import find
from sqlalchemy import select, text, update

from pinakes.federation.lending.schemas import NewRequest
from pinakes.platform.db import Database, public_work, unit_of_work
from pinakes.platform.directory import Directory, Tenant
from pinakes.tenants.items.models import Item
from pinakes.tenants.readers.models import Card, Kind, Reader

pytestmark = pytest.mark.anyio

STATE = text("UPDATE commons.tenant SET state = :state WHERE id = :id")


@dataclass
class Journey:
    """A reader, a desk in each of four provinces, and a fifth, where the reader is at home."""

    database: Database
    directory: Directory
    reader: Bearer
    desks: list[Desk]
    me: Desk

    @property
    def home(self) -> Tenant:
        return self.reader.home

    async def stand(self, state: str) -> None:
        """Stop the home, or let it go on."""
        async with public_work(self.database.public) as session:
            await session.execute(STATE, {"state": state, "id": self.home.id})

    async def mine(self, kind: str) -> list[dict[str, Any]]:
        answer = await self.me.client.get(f"/v1/me/{kind}", headers=self.me.headers)
        items: list[dict[str, Any]] = answer.json()["items"]
        return items

    async def loans(self) -> set[tuple[str, str]]:
        """What the reader has, as the reader's own list tells it."""
        return {(loan["branch"], loan["barcode"]) for loan in await self.mine("loans")}


@pytest.fixture
async def journey(
    app: Litestar,
    client: httpx.AsyncClient,
    mint: Mint,
    database: Database,
    make_tenant: MakeTenant,
) -> Journey:
    hub = await make_tenant(kind="hub")
    home, *others = [
        await make_tenant(await make_tenant(hub, "province"), "county") for _ in range(5)
    ]
    reader = await enrol(database, home)
    desks = [desk_at(client, mint, one) for one in others]
    me = Desk(client, home, mint.reader(reader.person, home.code))
    return Journey(database, app.state.directory, reader, desks, me)


async def books(j: Journey) -> list[str]:
    """One for each of the first three libraries; two of them bear the same barcode."""
    same, other, third = [(await stock(j.database, desk.here))[0] for desk in j.desks[:3]]
    async with unit_of_work(j.database.app, j.desks[1].here.id) as session:
        await session.execute(update(Item).where(Item.barcode == other).values(barcode=same))
    return [same, same, third]


async def waiting(j: Journey) -> UUID:
    """A request of the reader for what the third library has promised."""
    owner = j.desks[2].here
    await rule(j.database, owner, supply_answers="automatic")
    title = await edition(j.database, j.home.consortium)
    await held(j.database, owner, title)
    wish = NewRequest(edition=title, pickup=j.home.code)
    return await ask_for(j.database, j.directory, j.reader, wish)


async def known_of(j: Journey, at: Tenant) -> list[Any]:
    """All that a branch keeps of people: memberships with what they tell, and cards."""
    async with unit_of_work(j.database.app, at.id) as session:
        told = select(Reader.kind, Reader.name, Reader.born, Reader.contact)
        people = [tuple(row) for row in await session.execute(told)]
        return [*people, *await session.scalars(select(Card.number).where(Card.tenant_id == at.id))]


async def little_is_known(j: Journey) -> None:
    """No branch on the way keeps, or shows, more than that somebody of that home was there."""
    visited = [(Kind.VISITING, None, None, None)]
    for desk, known in zip(j.desks, (visited, visited, visited, []), strict=True):
        assert await known_of(j, desk.here) == known
    for desk in j.desks:
        seen = (await find(desk, j.reader.card)).json()
        assert (seen["home"], seen["name"]) == (j.home.code, None)
        assert (await desk.ask("/readers/search", {"words": "王小明"})).json()["items"] == []


async def test_one_card_serves_in_every_province(journey: Journey) -> None:
    j = journey
    first, second, third, fourth = j.desks
    one, two, three = await books(j)
    assert (await first.lend(j.reader.card, one)).status_code == 201
    await j.stand("suspended")  # and no message is carried meanwhile
    assert (await second.lend(j.reader.card, two)).status_code == 201
    await j.stand("active")
    assert (await third.lend(j.reader.card, three)).status_code == 201
    request = await waiting(j)
    await deliver(j.database)

    lent = {(desk.here.code, book) for desk, book in zip(j.desks, (one, two, three), strict=False)}
    assert await j.loans() == lent
    assert [wish["id"] for wish in await j.mine("requests")] == [str(request)]
    html = j.me.headers | {"Accept": "text/html", "Accept-Language": "en"}
    page = (await j.me.client.get(f"/b/{j.home.code}/me/loans", headers=html)).text
    assert page.count('class="loan"') == 4
    assert f"/me/requests/{request}" in page

    unclear = await fourth.ask("/scans", {"barcode": one})
    assert (unclear.status_code, unclear.json()["code"]) == (409, "item_of_several")
    assert await j.loans() == lent
    given = await fourth.ask("/scans", {"barcode": one, "owner": first.here.code})
    assert given.is_success, given.text
    await deliver(j.database)
    assert await j.loans() == lent - {(first.here.code, one)}
    taken_in = await first.ask("/scans", {"barcode": one})
    assert taken_in.is_success, taken_in.text
    await deliver(j.database)
    assert await j.loans() == lent - {(first.here.code, one)}
    await little_is_known(j)
