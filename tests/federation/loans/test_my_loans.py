"""One list of all my loans, whichever branch lent them, however the news travels."""

from typing import Any

import httpx
import pytest
from lending import Bearer, Desk, deliver, desk_at, enrol, rule, stock
from mint import Mint
from sqlalchemy import select, text, update

from pinakes.federation.loans.models import Borrowed
from pinakes.federation.loans.service import forget_old
from pinakes.main.features import FEATURES
from pinakes.platform import carrier
from pinakes.platform.clock import now
from pinakes.platform.db import Database, public_work, unit_of_work
from pinakes.platform.directory import Tenant
from pinakes.platform.feature import listeners_of
from pinakes.platform.messages import Outbox
from pinakes.tenants.readers.models import Standing

pytestmark = pytest.mark.anyio

LISTENERS = listeners_of(FEATURES)


@pytest.fixture
async def reader(database: Database, tenant: Tenant) -> Bearer:
    """A reader of ``tenant``."""
    return await enrol(database, tenant)


@pytest.fixture
def abroad(client: httpx.AsyncClient, mint: Mint, neighbour: Tenant) -> Desk:
    """The desk of another branch."""
    return desk_at(client, mint, neighbour)


@pytest.fixture
def me(client: httpx.AsyncClient, mint: Mint, reader: Bearer) -> Desk:
    """The reader, logged in."""
    return Desk(client, reader.home, mint.reader(reader.person, reader.home.code))


async def mine(me: Desk, more: str = "") -> list[dict[str, Any]]:
    answer = await me.client.get(f"/v1/me/loans{more}", headers=me.headers)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def standing(database: Database, reader: Bearer) -> tuple[int, int]:
    async with unit_of_work(database.app, reader.home.id, closed_too=True) as session:
        row = (await session.scalars(select(Standing))).one()
        return row.open_loans, row.loans_left


async def test_a_walk_in_s_loan_is_known_at_home(
    me: Desk, abroad: Desk, reader: Bearer, database: Database
) -> None:
    one, two = await stock(database, abroad.here, 2)
    lent = (await abroad.lend(reader.card, one)).json()
    await abroad.lend(reader.card, two)
    await deliver(database)
    assert [loan["barcode"] for loan in await mine(me)] == [two, one]
    loan = (await mine(me))[1]
    assert (loan["id"], loan["branch"], loan["title"]) == (lent["id"], abroad.here.code, "红楼梦")
    assert loan["due_at"] == lent["due_at"]
    assert loan["as_of"] >= lent["lent_at"]
    assert await standing(database, reader) == (2, 8)


async def test_every_door_tells_the_lender_s_time(
    me: Desk, abroad: Desk, reader: Bearer, database: Database
) -> None:
    (book,) = await stock(database, abroad.here)
    lent = (await abroad.lend(reader.card, book)).json()
    (listed,) = (await abroad.look("/loans"))["items"]
    await deliver(database)
    question = {"query": "{ myLoans { lentAt dueAt branch { code nameEn } } }"}
    address = f"/v1/b/{me.here.code}/graphql"
    answer = (await me.client.post(address, json=question, headers=me.headers)).json()
    (asked,) = answer["data"]["myLoans"]
    assert asked["branch"] == {"code": abroad.here.code, "nameEn": abroad.here.name_en}
    (mine_,) = await mine(me)
    for moment, same in (("due_at", "dueAt"), ("lent_at", "lentAt")):
        told = {lent[moment], listed[moment], mine_[moment], asked[same]}
        assert len(told) == 1
        assert told.pop().endswith("+08:00")
    back = (await abroad.take_back(book)).json()
    assert back["returned_at"].endswith("+08:00")


async def test_renewal_and_return_are_known_at_home(
    me: Desk, abroad: Desk, reader: Bearer, database: Database
) -> None:
    (book,) = await stock(database, abroad.here)
    rules = [{"days": 10, "renewals": 1}]
    await rule(database, abroad.here, loan_rules=rules)
    lent = (await abroad.lend(reader.card, book)).json()
    await rule(database, abroad.here, loan_rules=[{"days": 20, "renewals": 1}])
    renewed = Desk(me.client, abroad.here, me.headers)
    assert (await renewed.renew(lent["id"])).status_code == 200
    await deliver(database)
    assert [loan["renewals"] for loan in await mine(me)] == [1]
    await abroad.take_back(book)
    await deliver(database)
    assert await mine(me) == []
    assert [loan["state"] for loan in await mine(me, "?closed_too=true")] == ["returned"]
    assert await standing(database, reader) == (0, 10)


async def test_loans_at_home_go_the_same_way(
    client: httpx.AsyncClient, mint: Mint, me: Desk, reader: Bearer, database: Database
) -> None:
    desk = desk_at(client, mint, reader.home)
    (book,) = await stock(database, reader.home)
    assert (await desk.lend(reader.card, book)).status_code == 201
    await deliver(database)
    assert [loan["branch"] for loan in await mine(me)] == [reader.home.code]


async def test_the_limit_of_home_counts_loans_of_all_branches(
    abroad: Desk, reader: Bearer, database: Database, make_tenant: Any, client: Any, mint: Mint
) -> None:
    await rule(database, reader.home, loan_limit=2)
    third = desk_at(client, mint, await make_tenant())
    for desk in (abroad, third):
        (book,) = await stock(database, desk.here)
        assert (await desk.lend(reader.card, book)).status_code == 201
    await deliver(database)
    (more,) = await stock(database, third.here)
    answer = await third.lend(reader.card, more)
    assert (answer.status_code, answer.json()["code"]) == (409, "limit_everywhere_reached")


async def test_a_branch_lends_while_home_is_away_and_home_catches_up(
    me: Desk, abroad: Desk, reader: Bearer, database: Database
) -> None:
    (book,) = await stock(database, abroad.here)
    await set_state(database, reader.home, "suspended")
    assert (await abroad.lend(reader.card, book)).status_code == 201  # nobody carries messages
    await set_state(database, reader.home, "active")
    assert await mine(me) == []
    await deliver(database)
    assert [loan["barcode"] for loan in await mine(me)] == [book]


async def set_state(database: Database, tenant: Tenant, state: str) -> None:
    change = text("UPDATE commons.tenant SET state = :state WHERE id = :id")
    async with public_work(database.public) as session:
        await session.execute(change, {"state": state, "id": tenant.id})


async def test_news_told_twice_counts_once(
    me: Desk, abroad: Desk, reader: Bearer, database: Database
) -> None:
    """The worker dies between the receiver's transaction and the sender's acknowledgement."""
    (book,) = await stock(database, abroad.here)
    await abroad.lend(reader.card, book)
    for run in await carrier.claim(database):
        await carrier.apply(database, LISTENERS, [run])  # and then it dies
    assert len(await mine(me)) == 1
    async with public_work(database.carrier) as session:
        await session.execute(update(Outbox).values(due_at=Outbox.created_at))
    await deliver(database)
    assert len(await mine(me)) == 1
    assert await standing(database, reader) == (1, 9)
    async with unit_of_work(database.app, abroad.here.id) as session:
        assert set(await session.scalars(select(Outbox.state))) == {"sent"}


async def test_the_graph_tells_my_loans_at_home_only(
    me: Desk, abroad: Desk, reader: Bearer, database: Database
) -> None:
    (book,) = await stock(database, abroad.here)
    await abroad.lend(reader.card, book)
    await deliver(database)
    question = {"query": "{ myLoans { barcode state asOf } }"}
    answer = (await me.ask("/graphql", question)).json()
    assert answer["data"]["myLoans"][0]["barcode"] == book
    elsewhere = Desk(me.client, abroad.here, me.headers)
    answer = (await elsewhere.ask("/graphql", question)).json()
    assert answer["errors"][0]["extensions"]["code"] == "loans_at_home"


async def test_nobody_sees_another_reader_s_loans(
    me: Desk, abroad: Desk, reader: Bearer, database: Database, mint: Mint
) -> None:
    (book,) = await stock(database, abroad.here)
    await abroad.lend(reader.card, book)
    await deliver(database)
    other = await enrol(database, reader.home)
    headers = mint.reader(other.person, reader.home.code)
    assert await mine(Desk(me.client, reader.home, headers)) == []
    answer = await me.client.get("/v1/me/loans", headers=abroad.headers)
    assert answer.status_code == 403


@pytest.mark.parametrize(("keep", "left"), [(False, 0), (True, 1)])
async def test_a_history_is_kept_by_choice(  # noqa: PLR0913, PLR0917
    me: Desk,
    abroad: Desk,
    reader: Bearer,
    database: Database,
    keep: bool,
    left: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (book,) = await stock(database, abroad.here)
    await abroad.lend(reader.card, book)
    await abroad.take_back(book)
    await deliver(database)
    long_ago = now().replace(year=now().year - 1)
    async with unit_of_work(database.app, reader.home.id) as session:
        await session.execute(update(Borrowed).values(returned_at=long_ago))
        await session.execute(update(Standing).values(keep_history=keep))
    moment = now().replace(minute=reader.home.id % 60)
    monkeypatch.setattr("pinakes.platform.turns.now", lambda: moment)
    await forget_old(database)
    assert len(await mine(me, "?closed_too=true")) == left
