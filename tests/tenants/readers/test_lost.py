"""A reader reports a card lost, with nobody's help, and nothing is lent on it any more."""

from uuid import UUID

import httpx
import pytest
from lending import Desk, desk_at, enrol, stock
from mint import Mint
from registering import find, register
from served import refused
from sqlalchemy import select

from pinakes.platform.audit import Audit
from pinakes.platform.db import Database, unit_of_work
from pinakes.platform.directory import Tenant
from pinakes.tenants.readers import service as readers

pytestmark = pytest.mark.anyio

HTML = {"Accept": "text/html", "Accept-Language": "en"}


async def lose(client: httpx.AsyncClient, headers: dict[str, str], **card: str) -> httpx.Response:
    return await client.post("/v1/me/cards/lost", json=card, headers=headers)


async def test_a_card_that_its_reader_reports_lost_lends_nowhere(
    client: httpx.AsyncClient, mint: Mint, database: Database, tenant: Tenant, neighbour: Tenant
) -> None:
    reader = await enrol(database, tenant)
    me = mint.reader(reader.person, tenant.code, subject="ada")
    for _ in range(2):  # pressed twice by mistake
        answer = await lose(client, me, card=reader.card)
        assert (answer.status_code, answer.json()["state"]) == (200, "lost")
    [barcode] = await stock(database, neighbour)
    lent = await desk_at(client, mint, neighbour).lend(reader.card, barcode)
    assert refused(lent) == (409, "card_not_valid")
    async with unit_of_work(database.app, tenant.id) as session:
        rows = (await session.scalars(select(Audit).where(Audit.operation == "cards.lose"))).all()
    assert [(row.actor, row.role) for row in rows] == [("ada", "reader")]


async def test_a_card_of_another_branch_is_reported_at_home_too(
    desk: Desk, away: Desk, mint: Mint, database: Database
) -> None:
    made = await register(desk)
    number = made["cards"][0]["number"]
    visit = (await away.ask("/readers/visit", {"card": number})).json()
    told = (await away.ask(f"/readers/{visit['reader']['id']}/cards", {})).json()
    second: str = told["cards"][-1]["number"]
    async with unit_of_work(database.app, desk.here.id) as session:
        reader = await readers.member(session, UUID(made["reader"]["id"]))
    answer = await lose(desk.client, mint.reader(reader.person_id, desk.here.code), card=second)
    assert (answer.json()["issuer"], answer.json()["state"]) == (away.here.code, "lost")
    assert (await find(desk, number)).json()["card"]["state"] == "active"


async def test_nobody_reports_somebody_else_s_card(
    client: httpx.AsyncClient, mint: Mint, database: Database, tenant: Tenant
) -> None:
    one, other = await enrol(database, tenant), await enrol(database, tenant)
    thief = mint.reader(other.person, tenant.code)
    assert refused(await lose(client, thief, card=one.card)) == (404, "card_not_yours")
    assert refused(await lose(client, thief, card="nobody's")) == (404, "card_not_yours")
    staff = mint.staff(f"desk@{tenant.code}")
    assert refused(await lose(client, staff, card=one.card)) == (403, "forbidden")


async def test_the_page_of_my_cards_has_a_button_for_a_lost_one(
    client: httpx.AsyncClient, mint: Mint, database: Database, tenant: Tenant
) -> None:
    reader = await enrol(database, tenant)
    me = mint.reader(reader.person, tenant.code) | HTML
    page = (await client.get("/me/cards", headers=me)).text
    assert reader.card in page
    assert "Valid" in page
    told = {"card": reader.card, "card_of": tenant.code}
    done = await client.post("/me/cards/lost", data=told, headers=me)
    assert done.status_code == 200
    assert "Nothing can be borrowed with it any more" in done.text
    assert "Reported lost" in done.text
    assert "Report this card lost" not in done.text
    chinese = await client.get(f"/b/{tenant.code}/me/cards", headers=me | {"Accept-Language": "zh"})
    assert "已挂失" in chinese.text
