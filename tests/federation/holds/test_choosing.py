"""Whom to ask: from what branches show, by the policy of the day, with every figure kept."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from conftest import MakeTenant
from sqlalchemy import text

from pinakes.federation.holds.choosing.service import Chosen, Wish, choose
from pinakes.platform.db import Database, public_work, unit_of_work
from pinakes.platform.directory import Tenant
from pinakes.tenants.registry.settings import decide

pytestmark = pytest.mark.anyio

EDITION = text("""
    INSERT INTO commons.edition (id, consortium_id, key, rule)
    VALUES (:id, (SELECT consortium_id FROM commons.tenant WHERE id = :tenant), :key, 'test')
    ON CONFLICT DO NOTHING
""")
HOLDING = text("""
    INSERT INTO commons.holding (tenant_id, record_id, edition_id, title_fields, call_numbers,
                                 items, available)
    VALUES (:tenant, :record, :id, '{}', '{}', :copies, :copies)
""")
CLOSED = "calendar.closed_weekdays"


@pytest.fixture
async def country(make_tenant: MakeTenant, database: Database) -> dict[str, Tenant]:
    """Two provinces; one has a city with two counties, the other has a county of its own."""
    hub = await make_tenant(kind="hub")
    one, two = await make_tenant(hub, kind="province"), await make_tenant(hub, kind="province")
    city = await make_tenant(one, kind="city")
    far_city = await make_tenant(two, kind="city")
    found = {"hub": hub, "one": one, "two": two, "city": city, "far": await make_tenant(far_city)}
    found |= {"home": await make_tenant(city), "sister": await make_tenant(city)}
    await settle(database, hub, **{CLOSED: []})
    return found


async def settle(database: Database, tenant: Tenant, **decided: Any) -> None:
    async with public_work(database.public) as public:
        for key, value in decided.items():
            await decide(public, tenant.id, key, value)


async def held(database: Database, *tenants: Tenant, copies: int = 1) -> UUID:
    """A new title that these branches hold."""
    id = uuid4()
    async with public_work(database.public) as public:
        for tenant in tenants:
            row = {"id": id, "tenant": tenant.id, "copies": copies}
            await public.execute(EDITION, row | {"key": str(id)})
            await public.execute(HOLDING, row | {"record": uuid4()})
    return id


async def ask(
    database: Database,
    home: Tenant,
    edition: UUID,
    refused: list[int] | None = None,
    **more: Any,
) -> Chosen | None:
    wish: dict[str, Any] = {"request": uuid4(), "home": home.id, "pickup": home.id}
    async with unit_of_work(database.app, home.id) as session:
        return await choose(session, Wish(**wish | {"edition": edition} | more), refused or [])


async def test_the_nearest_is_asked_and_everybody_is_explained(
    database: Database, country: dict[str, Tenant]
) -> None:
    edition = await held(database, country["far"], country["sister"], country["one"])
    chosen = await ask(database, country["home"], edition)
    assert chosen
    assert chosen.supplier in (country["sister"].id, country["one"].id)
    order = [one.supplier for one in chosen.considered]
    assert order[2] == country["far"].id
    assert chosen.rule == "lot", "two of the own province are equals"
    reasons = chosen.reasons
    assert reasons["considered"][2]["figures"]["near"] == 3
    assert reasons["considered"][2]["place"] == 3


async def test_after_refusals_the_next_is_asked_and_at_last_nobody(
    database: Database, country: dict[str, Tenant]
) -> None:
    holders = [country[name] for name in ("sister", "one", "two", "far")]
    edition = await held(database, *holders)
    refused: list[int] = []
    while chosen := await ask(database, country["home"], edition, refused):
        outs = {one.supplier: one.out for one in chosen.considered if one.out}
        assert outs == dict.fromkeys(refused, "refused_before")
        refused.append(chosen.supplier)
    assert set(refused) == {holder.id for holder in holders}
    assert {*refused[:2]} == {country["sister"].id, country["one"].id}
