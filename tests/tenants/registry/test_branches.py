"""Branches come over HTTP: who lets them in, where they may stand, and who works there."""

from typing import Any

import httpx
import pytest
from litestar import Litestar
from moving import PASSWORD, act, arrived, body, child, logged_in, moved_in, settled
from served import refused

from pinakes.platform.doors import Doors
from pinakes.tenants.registry.machine import Kind

pytestmark = pytest.mark.anyio

type Headers = dict[str, str]


async def test_one_call_makes_a_branch_that_works(
    visitor: httpx.AsyncClient, operator: Headers, doors: Doors
) -> None:
    asked = body()
    answer = await visitor.post("/v1/tenants", json=asked, headers=operator)
    assert answer.status_code == 201, answer.text
    told = answer.json()
    assert told["branch"]["state"] == "active"
    assert told["password"]
    shown = await visitor.get(f"/v1/tenants/{asked['code']}", headers=operator)
    assert set(shown.json()["steps"].values()) == {True}
    assert shown.json()["next"] == ["suspend", "leave"]

    again = await visitor.post("/v1/tenants", json=asked, headers=operator)
    assert (again.status_code, again.json()["password"]) == (200, None)


async def test_only_the_operator_lets_hubs_in(visitor: httpx.AsyncClient, doors: Doors) -> None:
    headers = await settled(doors, await moved_in(doors))
    assert refused(await visitor.post("/v1/tenants", json=body(), headers=headers)) == (
        403,
        "forbidden",
    )
    assert (await visitor.post("/v1/tenants", json=body())).status_code == 401


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"code": "X"}, 400, "validation_failed"),
        ({"code": "-x"}, 400, "validation_failed"),
        ({"code": "a" * 41}, 400, "validation_failed"),
        ({"code": "admin"}, 400, "code_reserved"),
        ({"zone": "Asia/Atlantis"}, 400, "zone_unknown"),
        ({"zone": "../etc/passwd"}, 400, "zone_unknown"),
        ({"zone": "Asia"}, 400, "zone_unknown"),
        ({"zone": "localtime"}, 400, "zone_unknown"),  # a file of some machines, no zone of any
        ({"zone": "Asia/Shanghai\n"}, 400, "zone_unknown"),
        ({"code": "a-line\n"}, 400, "validation_failed"),
        ({"host": "no host"}, 400, "validation_failed"),
        ({"host": "line.example\n"}, 400, "validation_failed"),
        ({"latitude": 91}, 400, "validation_failed"),
        ({"name_en": " "}, 400, "name_missing"),
        ({"parent": "nobody"}, 400, "parent_unknown"),
        ({"kind": "county"}, 409, "parent_refused"),
        ({"kind": "castle"}, 400, "validation_failed"),
        ({"admin": "Robert'); --"}, 400, "validation_failed"),
        ({"colour": "red"}, 400, "validation_failed"),
    ],
)
async def test_what_cannot_be_is_refused(
    visitor: httpx.AsyncClient, operator: Headers, change: Any, status: int, code: str
) -> None:
    answer = await visitor.post("/v1/tenants", json=body() | change, headers=operator)
    assert refused(answer) == (status, code), answer.text


async def test_a_code_is_never_used_twice(
    visitor: httpx.AsyncClient, operator: Headers, doors: Doors
) -> None:
    asked = body()
    await visitor.post("/v1/tenants", json=asked, headers=operator)
    other = await visitor.post("/v1/tenants", json=asked | {"name_en": "Other"}, headers=operator)
    assert refused(other) == (409, "code_taken")
    for action in ("leave", "close"):
        assert (await act(visitor, asked["code"], action, operator)).status_code == 200
    assert refused(await visitor.post("/v1/tenants", json=asked, headers=operator)) == (
        409,
        "code_taken",
    )


async def test_two_branches_never_share_a_host(
    visitor: httpx.AsyncClient, operator: Headers
) -> None:
    first, second = (body(host="library.example") for _ in range(2))
    assert (await visitor.post("/v1/tenants", json=first, headers=operator)).status_code == 201
    answer = await visitor.post("/v1/tenants", json=second, headers=operator)
    assert refused(answer) == (409, "host_taken")
    third = (await arrived(visitor, operator)).branch.code
    told = {"host": "library.example"}
    answer = await visitor.patch(f"/v1/tenants/{third}", json=told, headers=operator)
    assert refused(answer) == (409, "host_taken")


async def test_no_branch_takes_the_host_of_the_site(
    visitor: httpx.AsyncClient, operator: Headers, house: Litestar, monkeypatch: pytest.MonkeyPatch
) -> None:
    moved = {"address": "https://pinakes.example:8443"}
    settings = house.state["settings"].model_copy(update=moved)
    monkeypatch.setitem(house.state, "settings", settings)
    hub, asked = body(), body(host="pinakes.example")
    assert (await visitor.post("/v1/tenants", json=hub, headers=operator)).status_code == 201
    for answer in (
        await visitor.post("/v1/tenants", json=asked, headers=operator),
        await visitor.post(
            f"/v1/b/{hub['code']}/branches",
            json=child(Kind.PROVINCE, host="pinakes.example"),
            headers=operator,
        ),
        await visitor.patch(
            f"/v1/tenants/{hub['code']}", json={"host": "pinakes.example"}, headers=operator
        ),
    ):
        assert refused(answer) == (409, "host_taken"), answer.text


async def test_a_consortium_has_one_hub(visitor: httpx.AsyncClient, operator: Headers) -> None:
    first = body()
    await visitor.post("/v1/tenants", json=first, headers=operator)
    second = body() | {"consortium": first["consortium"]}
    answer = await visitor.post("/v1/tenants", json=second, headers=operator)
    assert refused(answer) == (409, "hub_exists")


async def test_the_administrator_of_the_parent_lets_branches_in(
    visitor: httpx.AsyncClient, operator: Headers, doors: Doors
) -> None:
    hub = await arrived(visitor, operator)
    headers = await settled(doors, hub)
    below = f"/v1/b/{hub.branch.code}/branches"
    province = child(Kind.PROVINCE)
    answer = await visitor.post(below, json=province, headers=headers)
    assert answer.status_code == 201, answer.text
    assert answer.json()["branch"]["parent"] == hub.branch.code

    city = child(Kind.CITY)
    answer = await visitor.post(f"/v1/b/{province['code']}/branches", json=city, headers=headers)
    assert answer.status_code == 201, answer.text
    suspended = await visitor.post(f"{below}/{city['code']}/suspend", headers=headers)
    assert suspended.json()["branch"]["state"] == "suspended"
    assert (await visitor.get(f"{below}/{city['code']}", headers=headers)).status_code == 200

    other = await moved_in(doors)
    for answer in (
        await visitor.post(f"/v1/b/{other.branch.code}/branches", json=city, headers=headers),
        await visitor.post(f"{below}/{other.branch.code}/suspend", headers=headers),
        await visitor.post(f"{below}/{hub.branch.code}/suspend", headers=headers),
    ):
        assert answer.status_code in {403, 404}


async def test_who_administers_one_branch_alone_leaves_those_below_alone(
    visitor: httpx.AsyncClient, operator: Headers, doors: Doors
) -> None:
    hub = (await arrived(visitor, operator)).branch.code
    province = (await arrived(visitor, operator, Kind.PROVINCE, hub)).branch.code
    name = f"eve@{hub}"
    await doors.accounts.ensure_staff(name, hub, [f"administrator@{hub}"], PASSWORD)
    headers, below = await logged_in(doors, name), f"/v1/b/{hub}/branches"
    assert (await visitor.get(f"/v1/b/{hub}/staff", headers=headers)).status_code == 200
    for answer in (
        await visitor.post(f"{below}/{province}/suspend", headers=headers),
        await visitor.post(below, json=child(Kind.PROVINCE), headers=headers),
        await visitor.get(f"{below}/{province}", headers=headers),
    ):
        assert refused(answer) == (403, "forbidden")


async def test_whom_a_suspended_branch_appointed_works_in_none_below_it(
    visitor: httpx.AsyncClient, operator: Headers, doors: Doors
) -> None:
    hub = await arrived(visitor, operator)
    province = await arrived(visitor, operator, Kind.PROVINCE, hub.branch.code)
    city = await arrived(visitor, operator, Kind.CITY, province.branch.code)
    above, middle = await settled(doors, hub), await settled(doors, province)
    page = f"/v1/b/{city.branch.code}/staff"
    assert (await visitor.get(page, headers=middle)).status_code == 200
    await act(visitor, province.branch.code, "suspend", operator)
    assert refused(await visitor.get(page, headers=middle)) == (403, "forbidden")
    assert (await visitor.get(page, headers=above)).status_code == 200
    await act(visitor, province.branch.code, "resume", operator)
    assert (await visitor.get(page, headers=middle)).status_code == 200
