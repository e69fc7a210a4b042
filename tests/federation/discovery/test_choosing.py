"""A wrong meeting is split and stays split; a missed one is joined; both can be taken back."""

from collections import Counter
from uuid import UUID

import httpx
import pytest
from conftest import MakeTenant
from finding import STONE, hold, settle
from mint import Mint
from msgspec.structs import replace
from sqlalchemy import func, select, text

from pinakes.federation.discovery.editions import MOST, editions, known
from pinakes.federation.discovery.models import Holding
from pinakes.platform.audit import Audit
from pinakes.platform.config import Settings
from pinakes.platform.db import Database, public_work, unit_of_work
from pinakes.platform.directory import Tenant
from pinakes.platform.messages import emit
from pinakes.tenants.catalogue.events import RecordsChanged
from pinakes.tenants.catalogue.marc import Title

pytestmark = pytest.mark.anyio

COPIED = text("""
    INSERT INTO commons.holding
    SELECT (jsonb_populate_record(h, jsonb_build_object('record_id', gen_random_uuid()))).*
    FROM commons.holding h, generate_series(1, :many) WHERE h.record_id = :record
""")
NUMBER = "9787500649335"
OURS = replace(STONE, title="山海经图说", isbn=(replace(STONE.isbn[0], isbn13=NUMBER),))
UNLIKE = Title(title="完全不同的书", year=1999)


@pytest.fixture
async def branches(make_tenant: MakeTenant) -> tuple[Tenant, Tenant]:
    hub = await make_tenant(kind="hub")
    return hub, await make_tenant(hub)


class Catalogue:
    """What these tests do with records again and again."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self.database, self.settings = database, settings

    async def hold(self, branch: Tenant, title: Title) -> UUID:
        await hold(self.database, branch, title)
        await self.settle()
        async with public_work(self.database.app) as session:
            newest = select(Holding.record_id).where(Holding.tenant_id == branch.id)
            found = await session.scalar(newest.order_by(Holding.record_id.desc()).limit(1))
        assert found is not None
        return found

    async def settle(self) -> None:
        await settle(self.database, self.settings.search)

    async def place(self, record: UUID) -> tuple[UUID, str]:
        """The edition and the rule of a record."""
        async with public_work(self.database.app) as session:
            wanted = select(Holding.edition_id, Holding.rule).where(Holding.record_id == record)
            row = (await session.execute(wanted)).one()
        return row[0], row[1]

    async def again(self, branch: Tenant, record: UUID) -> None:
        """The record comes anew, as with a later import."""
        async with unit_of_work(self.database.app, branch.id) as session:
            emit(session, RecordsChanged(about=record, records=[record]))
        await self.settle()


@pytest.fixture
def catalogue(database: Database, settings: Settings) -> Catalogue:
    return Catalogue(database, settings)


async def test_a_wrong_meeting_is_split_and_stays_split(
    catalogue: Catalogue, branches: tuple[Tenant, Tenant], client: httpx.AsyncClient, mint: Mint
) -> None:
    hub, branch = branches
    first, second = await catalogue.hold(hub, OURS), await catalogue.hold(branch, OURS)
    met = await catalogue.place(first)
    assert met == await catalogue.place(second) == (met[0], "isbn13")
    address = f"/v1/b/{branch.code}/catalogue/records/{second}"
    asker = mint.staff(f"cataloguer@{branch.code}")
    told = [await client.post(f"{address}/split", headers=asker) for _ in range(2)]
    assert [answer.status_code for answer in told] == [200, 200]
    assert told[0].json() == told[1].json()
    for _ in range(2):
        await catalogue.again(branch, second)
        assert await catalogue.place(second) == (UUID(told[0].json()["edition"]), "split")
    assert await catalogue.place(first) == met
    assert (await client.delete(f"{address}/title", headers=asker)).status_code == 204
    await catalogue.settle()
    assert await catalogue.place(second) == met


async def test_a_missed_meeting_is_joined(
    catalogue: Catalogue, branches: tuple[Tenant, Tenant], client: httpx.AsyncClient, mint: Mint
) -> None:
    hub, branch = branches
    first, second = await catalogue.hold(hub, OURS), await catalogue.hold(branch, UNLIKE)
    edition, _ = await catalogue.place(first)
    address = f"/v1/b/{branch.code}/catalogue/records/{second}/title"
    asker = mint.staff(f"cataloguer@{branch.code}")
    for _ in range(2):
        answer = await client.put(address, headers=asker, json={"edition": str(edition)})
        assert answer.status_code == 200, answer.text
    await catalogue.again(branch, second)
    assert await catalogue.place(second) == (edition, "joined")
    asked = {"q": "山海经图说", "near": branch.code}
    found = (await client.get("/v1/catalogue/search", params=asked)).json()["items"]
    shelves = next(one["holdings"] for one in found if one["id"] == str(edition))
    assert {shelf["branch"] for shelf in shelves} >= {hub.code, branch.code}
    async with unit_of_work(catalogue.database.app, branch.id) as session:
        noted = select(func.count()).where(Audit.operation == "title.joined")
        assert await session.scalar(noted) == 1


async def test_nobody_joins_what_is_not_there(
    catalogue: Catalogue, branches: tuple[Tenant, Tenant], client: httpx.AsyncClient, mint: Mint
) -> None:
    hub, branch = branches
    record = await catalogue.hold(branch, UNLIKE)
    asker = mint.staff(f"cataloguer@{branch.code}")
    address = f"/v1/b/{branch.code}/catalogue/records/{record}/title"
    nothing = {"edition": str(UUID(int=9))}
    assert (await client.put(address, headers=asker, json=nothing)).status_code == 404
    there = f"/v1/b/{hub.code}/catalogue/records/{record}/split"
    assert (
        await client.post(there, headers=mint.staff(f"cataloguer@{hub.code}"))
    ).status_code == 404


async def test_a_cataloguer_decides_on_the_page(
    catalogue: Catalogue, branches: tuple[Tenant, Tenant], client: httpx.AsyncClient, mint: Mint
) -> None:
    hub, branch = branches
    await catalogue.hold(hub, OURS)
    record = await catalogue.hold(branch, OURS)
    edition, _ = await catalogue.place(record)
    page = f"/b/{branch.code}/catalogue/{edition}"
    said = {"Accept": "text/html", "Accept-Language": "en"}
    asker = mint.staff(f"cataloguer@{branch.code}") | said
    assert "Our record is another title" in (await client.get(page, headers=asker)).text
    assert "Our record is another title" not in (await client.get(page, headers=said)).text
    form = {"record": str(record)}
    answer = await client.post(f"{page}/split", headers=asker, data=form)
    assert "follows within two seconds" in answer.text
    await catalogue.settle()
    own, rule = await catalogue.place(record)
    assert rule == "split"
    text = (await client.get(f"/b/{branch.code}/catalogue/{own}", headers=asker)).text
    assert "Take the decision back" in text
    wrong = {**form, "title": "not a title"}
    answer = await client.post(f"{page}/join", headers=asker, data=wrong)
    assert answer.status_code == 400
    joined = {**form, "title": f"https://library.example{page}?lang=zh"}
    assert (await client.post(f"{page}/join", headers=asker, data=joined)).status_code == 200
    await catalogue.settle()
    assert await catalogue.place(record) == (edition, "joined")
    answer = await client.post(f"{page}/release", headers=asker, data=form)
    assert answer.status_code == 200
    await catalogue.settle()
    assert await catalogue.place(record) == (edition, "isbn13")


async def test_a_thousand_records_of_one_number_are_not_all_read(
    branches: tuple[Tenant, Tenant], database: Database, settings: Settings
) -> None:
    here, there = branches
    catalogue = Catalogue(database, settings)
    first = await catalogue.hold(here, STONE)
    await catalogue.hold(there, STONE)
    edition, _ = await catalogue.place(first)
    async with public_work(database.public) as session:
        await session.execute(COPIED, {"record": first, "many": 1000})
        [one] = await known(session, [edition])
    whole = (await editions(database.hot, [edition]))[edition]
    assert (len(one.titles), {here.id, there.id} <= {*one.branches}) == (10, True)
    shown = Counter(held.tenant for held in whole.held)  # others hold it as well
    assert (shown[here.id], shown[there.id]) == (MOST, 1)
