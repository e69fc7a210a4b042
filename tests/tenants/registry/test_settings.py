"""Inherited settings: what holds, where it comes from, who locked it."""

from typing import Any

import httpx
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mint import Mint
from served import refused
from sqlalchemy import delete, select

from pinakes.platform.audit import Audit
from pinakes.platform.db import Database, public_work, unit_of_work
from pinakes.platform.directory import Tenant
from pinakes.tenants.registry.keys import KEYS, SettingInvalid, checked, key_of
from pinakes.tenants.registry.models import Setting
from pinakes.tenants.registry.settings import (
    SettingLocked,
    all_effective,
    decide,
    effective,
    undecide,
)

pytestmark = pytest.mark.anyio

LIMIT = "loan.limit"


@pytest.fixture
async def family(make_tenant: Any) -> list[Tenant]:
    """A province, a city below it and a county below that."""
    province = await make_tenant(kind="province")
    city = await make_tenant(province, kind="city")
    return [province, city, await make_tenant(city)]


async def test_what_nobody_decides_is_the_default(database: Database, tenant: Tenant) -> None:
    async with public_work(database.app) as session:
        found = await effective(session, tenant.id, LIMIT)
    assert (found.value, found.origin, found.locked) == (KEYS[LIMIT].default, "default", False)


async def test_the_nearest_decision_wins(database: Database, family: list[Tenant]) -> None:
    province, city, county = family
    async with public_work(database.public) as public:
        await decide(public, province.id, LIMIT, 5)
        found = await effective(public, county.id, LIMIT)
        assert (found.value, found.origin) == (5, province.code)
        await decide(public, city.id, LIMIT, 7)
        found = await effective(public, county.id, LIMIT)
        assert (found.value, found.origin) == (7, city.code)
        await decide(public, county.id, LIMIT, 9)
        found = await effective(public, county.id, LIMIT)
        assert (found.value, found.origin) == (9, "own")
        assert (await undecide(public, county.id, LIMIT)).origin == city.code


async def test_a_lock_above_wins_over_everything_below(
    database: Database, family: list[Tenant]
) -> None:
    province, city, county = family
    async with public_work(database.public) as public:
        await decide(public, county.id, LIMIT, 9)
        await decide(public, city.id, LIMIT, 7, locked=True)
        await decide(public, province.id, LIMIT, 5, locked=True)
        found = await effective(public, county.id, LIMIT)
        assert (found.value, found.origin, found.locked) == (5, province.code, True)
        for change in (decide(public, county.id, LIMIT, 1), undecide(public, county.id, LIMIT)):
            with pytest.raises(SettingLocked):
                await change
        await decide(public, province.id, LIMIT, 5, locked=False)
        found = await effective(public, county.id, LIMIT)
        assert (found.value, found.origin) == (7, city.code)


DECISIONS = st.lists(
    st.none() | st.tuples(st.integers(0, 1000), st.booleans()), min_size=3, max_size=3
)


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(decided=DECISIONS)
async def test_locks_win_from_the_top_and_others_from_below(
    database: Database, family: list[Tenant], decided: list[tuple[int, bool] | None]
) -> None:
    ids = [tenant.id for tenant in family]
    async with public_work(database.public) as public:
        await public.execute(delete(Setting).where(Setting.tenant_id.in_(ids)))
        for id, decision in zip(ids, decided, strict=True):
            if decision:
                value, locked = decision
                public.add(Setting(tenant_id=id, key=LIMIT, value=value, locked=locked))
        await public.flush()
        for depth, tenant in enumerate(family, 1):
            above = zip(decided[:depth], family, strict=False)
            told = [(decision, where) for decision, where in above if decision]
            locks = [(value, where) for (value, locked), where in told if locked]
            near = [(value, where) for (value, _), where in reversed(told)]
            value, where = [*locks, *near, (KEYS[LIMIT].default, None)][0]
            found = await effective(public, tenant.id, LIMIT)
            name = "default" if where is None else "own" if where is tenant else where.code
            assert (found.value, found.origin, found.locked) == (value, name, bool(locks))


async def test_the_database_knows_every_default(database: Database, tenant: Tenant) -> None:
    async with public_work(database.app) as session:
        found = {one.key: one.value for one in await all_effective(session, tenant.id)}
    told = {name: key.default for name, key in KEYS.items()}
    assert found == msgspec.json.decode(msgspec.json.encode(told))


@pytest.mark.parametrize("name", KEYS)
async def test_every_default_fits_its_own_key(name: str) -> None:
    key = key_of(name)
    assert checked(key, msgspec.to_builtins(key.default)) == msgspec.to_builtins(key.default)
    assert key.zh
    assert key.en


@pytest.mark.parametrize(
    ("name", "value"),
    [
        (LIMIT, -1),
        (LIMIT, "many"),
        ("loan.rules", [{"days": 9999}]),
        ("loan.rules", [{"day": 3}]),
        ("calendar.closed_weekdays", [8]),
        ("calendar.closed_days", ["2026-02-30"]),
        ("catalogue.agency", ""),
    ],
)
async def test_a_value_must_fit_its_key(name: str, value: Any) -> None:
    with pytest.raises(SettingInvalid):
        checked(key_of(name), value)


async def test_an_administrator_decides_and_lets_go(
    client: httpx.AsyncClient, mint: Mint, database: Database, family: list[Tenant]
) -> None:
    _, city, county = family
    above, own = (
        mint.staff(f"administrator@{city.code}*"),
        mint.staff(f"administrator@{county.code}"),
    )
    address = f"/v1/b/{county.code}/settings/{LIMIT}"
    told = (await client.put(address, json={"value": 4}, headers=own)).json()
    assert (told["value"], told["origin"], told["default"]) == (4, "own", 10)
    assert told["zh"]

    whole = (await client.get(f"/v1/b/{county.code}/settings", headers=own)).json()["items"]
    assert {one["key"] for one in whole} == set(KEYS)
    assert (await client.delete(address, headers=own)).json()["origin"] == "default"

    lock = {"value": 2, "locked": True}
    answer = await client.put(f"/v1/b/{city.code}/settings/{LIMIT}", json=lock, headers=above)
    assert answer.status_code == 200
    assert (await client.get(address, headers=own)).json()["origin"] == city.code
    answer = await client.put(address, json={"value": 4}, headers=own)
    assert refused(answer) == (409, "setting_locked")
    assert answer.json()["origin"] == city.code

    async with unit_of_work(database.app, county.id) as session:
        log = (await session.scalars(select(Audit.operation).order_by(Audit.id))).all()
    assert log == ["settings.decide", "settings.undecide"]


async def test_who_administers_one_branch_alone_decides_nothing_for_those_below_it(
    client: httpx.AsyncClient, mint: Mint, family: list[Tenant]
) -> None:
    _, city, county = family
    alone, reaching = (mint.staff(f"administrator@{city.code}{star}") for star in ("", "*"))
    above, below = (f"/v1/b/{branch.code}/settings/{LIMIT}" for branch in (city, county))
    kept = await client.put(above, json={"value": 7}, headers=reaching)
    assert kept.status_code == 200
    for locked in (False, True):
        told = {"value": 0, "locked": locked}
        answer = await client.put(above, json=told, headers=alone)
        assert refused(answer) == (403, "setting_not_yours")
        assert answer.json()["who"] == "administrator*"
    assert refused(await client.delete(above, headers=alone)) == (403, "setting_not_yours")
    assert (await client.get(below, headers=reaching)).json()["value"] == 7


async def test_what_is_wrong_with_a_setting_is_told(
    client: httpx.AsyncClient, mint: Mint, tenant: Tenant
) -> None:
    address, own = f"/v1/b/{tenant.code}/settings", mint.staff(f"administrator@{tenant.code}")
    for key, value, expected in (
        ("loan.limits", 1, (404, "setting_unknown")),
        (LIMIT, "1", (400, "setting_invalid")),
        ("catalogue.agency", "elsewhere", (403, "setting_not_yours")),
    ):
        answer = await client.put(f"{address}/{key}", json={"value": value}, headers=own)
        assert refused(answer) == expected
    desk = mint.staff(f"desk@{tenant.code}")
    answer = await client.put(f"{address}/{LIMIT}", json={"value": 1}, headers=desk)
    assert refused(answer) == (403, "forbidden")
    assert (await client.get(address, headers=desk)).status_code == 200
    operator = mint.staff("operator@*")
    answer = await client.put(
        f"{address}/catalogue.agency", json={"value": "CN-1"}, headers=operator
    )
    assert answer.status_code == 200
