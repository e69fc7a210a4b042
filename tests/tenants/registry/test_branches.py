"""Branches over HTTP: they come, rest and go, and everybody may know of them."""

from typing import Any
from uuid import uuid4

import httpx
import pytest
from litestar import Litestar
from moving import PASSWORD, arrived, line, logged_in, moved_in, settled, wish
from msgspec.structs import asdict
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.platform.admin import organization
from pinakes.platform.audit import Audit
from pinakes.platform.carrier import carry
from pinakes.platform.db import Database, public_work, unit_of_work
from pinakes.platform.doors import Doors
from pinakes.platform.messages import Event, Message, emit
from pinakes.tenants.registry import service
from pinakes.tenants.registry.machine import Kind
from pinakes.tenants.registry.models import Tenant

pytestmark = pytest.mark.anyio

type Headers = dict[str, str]


async def test_a_command_lists_more_branches_than_one_look_at_them_finds(doors: Doors) -> None:
    moved = [one.branch.code for one in await line(doors, Kind.HUB, Kind.PROVINCE, Kind.CITY)]
    where = Tenant.code.in_(moved)
    async with public_work(doors.database.app) as session:
        for at_once in (1, 2, 3, 4):
            rows = await service.all_listed(session, where, at_once=at_once)
            assert [row.code for row in rows] == sorted(moved)


class Knocked(Event, frozen=True, kw_only=True):
    """Somebody knocks at a branch."""


def body(*told: Any, **more: Any) -> dict[str, Any]:
    return {name: value for name, value in asdict(wish(*told, **more)).items() if value is not None}


def child(kind: Kind, **more: Any) -> dict[str, Any]:
    """A wish to stand below the branch of the address."""
    told = body(kind, "parent", **more)
    return {name: told[name] for name in told.keys() - {"parent", "consortium"}}


def refused(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


async def act(
    client: httpx.AsyncClient, code: str, action: str, headers: Headers
) -> httpx.Response:
    return await client.post(f"/v1/tenants/{code}/{action}", headers=headers)


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


async def test_a_suspended_branch_is_closed_to_the_very_next_request(
    visitor: httpx.AsyncClient, operator: Headers, doors: Doors
) -> None:
    code = (moved := await arrived(visitor, operator)).branch.code
    staff = await settled(doors, moved)
    person = uuid4()
    await doors.accounts.ensure_reader(
        f"R{person.int % 10**9}", person, code, "735182", temporary=False
    )
    tokens = await doors.accounts.direct_token("readers", f"R{person.int % 10**9}", "735182")
    reader = {"Authorization": f"Bearer {tokens['access_token']}"}
    assert (await visitor.get(f"/v1/b/{code}/staff", headers=staff)).status_code == 200

    assert (await act(visitor, code, "suspend", operator)).status_code == 200
    answer = await visitor.get(f"/v1/b/{code}/staff", headers=staff)
    assert refused(answer) == (403, "branch_not_active")
    question = {"query": "{ version branches { code } }"}
    for headers in (staff, reader):
        answer = await visitor.post(f"/v1/b/{code}/graphql", json=question, headers=headers)
        assert refused(answer) == (403, "branch_not_active")
    answer = await visitor.put(
        f"/v1/b/{code}/settings/loan.limit", json={"value": 3}, headers=staff
    )
    assert refused(answer) == (403, "branch_not_active")
    late = child(Kind.PROVINCE)
    answer = await visitor.post(f"/v1/b/{code}/branches", json=late, headers=staff)
    assert refused(answer) == (403, "branch_not_active")

    assert (await act(visitor, code, "resume", operator)).status_code == 200
    assert (await visitor.get(f"/v1/b/{code}/staff", headers=staff)).status_code == 200


async def test_messages_reach_a_suspended_branch(
    visitor: httpx.AsyncClient, operator: Headers, doors: Doors
) -> None:
    sender, receiver = [
        await service.found(doors.database, (await moved_in(doors)).branch.code) for _ in range(2)
    ]
    await act(visitor, receiver.code, "suspend", operator)
    heard: list[int] = []

    async def listen(session: AsyncSession, event: Knocked, message: Message) -> None:
        heard.append(message.receiver)

    async with unit_of_work(doors.database.app, sender.id) as session:
        emit(session, Knocked(about=uuid4()), to=receiver.id)
    while await carry(doors.database, {"Knocked": (Knocked, [listen])}):
        pass
    assert heard == [receiver.id]


async def test_every_move_is_audited(
    visitor: httpx.AsyncClient, operator: Headers, doors: Doors
) -> None:
    code = (await moved_in(doors)).branch.code
    for action in ("suspend", "resume", "leave", "resume", "leave", "close"):
        assert (await act(visitor, code, action, operator)).status_code == 200
    assert refused(await act(visitor, code, "resume", operator)) == (409, "branch_move_refused")
    told = await operations(doors.database, code)
    assert told[-6:] == [
        f"tenants.{action}" for action in ("suspend", "resume", "leave", "resume", "leave", "close")
    ]


async def operations(database: Database, code: str) -> list[str]:
    row = await service.found(database, code)
    async with unit_of_work(database.app, row.id, closed_too=True) as session:
        return [*await session.scalars(select(Audit.operation).order_by(Audit.id))]


async def test_nobody_leaves_while_others_stand_below(
    visitor: httpx.AsyncClient, operator: Headers, doors: Doors
) -> None:
    hub, province = await line(doors, Kind.HUB, Kind.PROVINCE)
    assert refused(await act(visitor, hub.branch.code, "leave", operator)) == (
        409,
        "branches_below",
    )
    for code in (province.branch.code, hub.branch.code):
        for action in ("leave", "close"):
            assert (await act(visitor, code, action, operator)).status_code == 200
    late = body(Kind.PROVINCE, hub.branch.code)
    answer = await visitor.post("/v1/tenants", json=late, headers=operator)
    assert refused(answer) == (400, "parent_unknown")


async def test_a_branch_moves_with_all_below_it(
    visitor: httpx.AsyncClient, operator: Headers, doors: Doors
) -> None:
    hub = await arrived(visitor, operator)
    old, new = [await arrived(visitor, operator, Kind.PROVINCE, hub.branch.code) for _ in range(2)]
    city = await arrived(visitor, operator, Kind.CITY, old.branch.code)
    county = await arrived(visitor, operator, Kind.COUNTY, city.branch.code)
    address = f"/v1/tenants/{city.branch.code}"
    told = {"parent": new.branch.code, "name_zh": "新名", "host": "city.example"}
    answer = await visitor.patch(address, json=told, headers=operator)
    assert answer.status_code == 200, answer.text
    assert answer.json()["branch"] | told == answer.json()["branch"]
    async with doors.accounts.realms["staff"].open() as api:
        known = await organization(api, city.branch.code)
    assert known["name"] == f"新名 ({city.branch.code})"  # the log-in page says it, too
    path = [one.branch.code for one in (hub, new, city, county)]
    row = await service.found(doors.database, county.branch.code)
    assert row.path == [(await service.found(doors.database, code)).id for code in path]
    listed = await visitor.get("/v1/branches", params={"below": old.branch.code})
    assert listed.json()["items"] == []
    assert (await operations(doors.database, city.branch.code))[-1] == "tenants.change"


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"parent": "nobody"}, 400, "parent_unknown"),
        ({"parent": "elsewhere"}, 409, "other_consortium"),
        ({"parent": "itself"}, 409, "parent_refused"),
        ({"name_en": ""}, 400, "name_missing"),
        ({"zone": "Nowhere"}, 400, "zone_unknown"),
        ({"code": "other"}, 400, "validation_failed"),
    ],
)
async def test_a_branch_cannot_change_into_anything(
    visitor: httpx.AsyncClient, operator: Headers, change: Any, status: int, code: str
) -> None:
    hub, other = await arrived(visitor, operator), await arrived(visitor, operator)
    province = await arrived(visitor, operator, Kind.PROVINCE, hub.branch.code)
    known = {"elsewhere": other.branch.code, "itself": province.branch.code}
    told = {name: known.get(value, value) for name, value in change.items()}
    answer = await visitor.patch(f"/v1/tenants/{province.branch.code}", json=told, headers=operator)
    assert refused(answer) == (status, code), answer.text


async def test_nobody_activates_a_branch_by_hand(
    visitor: httpx.AsyncClient, operator: Headers, doors: Doors
) -> None:
    code = (await moved_in(doors)).branch.code
    assert refused(await act(visitor, code, "activate", operator)) == (400, "validation_failed")
    assert refused(await act(visitor, "nobody", "suspend", operator)) == (404, "no_such_branch")


async def test_the_directory_is_public_and_paged(
    visitor: httpx.AsyncClient, operator: Headers, doors: Doors
) -> None:
    hub, *others = await line(doors, Kind.HUB, Kind.PROVINCE, Kind.CITY, Kind.COUNTY, Kind.POINT)
    codes = sorted(one.branch.code for one in others)
    below: dict[str, str | int] = {"below": hub.branch.code}
    whole = (await visitor.get("/v1/branches", params=below)).json()
    assert [item["code"] for item in whole["items"]] == codes
    assert whole["next"] is None

    found: list[str] = []
    after: str | None = ""
    while after is not None:
        params = below | {"limit": 1, "after": after}
        page = (await visitor.get("/v1/branches", params=params)).json()
        found += [item["code"] for item in page["items"]]
        after = page["next"]
    assert found == codes

    await act(visitor, codes[-1], "leave", operator)
    assert (await visitor.get("/v1/branches", params={"limit": 0})).status_code == 400
    assert refused(await visitor.get("/v1/branches", params={"below": "nobody"})) == (
        404,
        "no_such_branch",
    )


async def test_who_has_gone_is_not_shown(
    visitor: httpx.AsyncClient, operator: Headers, doors: Doors
) -> None:
    code = (await moved_in(doors)).branch.code
    for action in ("leave", "close"):
        await act(visitor, code, action, operator)
    items = (await visitor.get("/v1/branches", params={"limit": 5000})).json()["items"]
    assert code not in {item["code"] for item in items}
    assert (await visitor.get(f"/v1/b/{code}/staff", headers=operator)).status_code == 404


async def test_the_graph_shows_the_tree(visitor: httpx.AsyncClient, operator: Headers) -> None:
    hub = await arrived(visitor, operator)
    province = await arrived(visitor, operator, Kind.PROVINCE, hub.branch.code)
    city = await arrived(visitor, operator, Kind.CITY, province.branch.code)
    question = f"""{{
        branch(code: "{province.branch.code}") {{
            code kind state parent {{ code parent {{ code }} }} below {{ code kind }}
        }}
        nobody: branch(code: "nobody") {{ code }}
        hubs: branches(kind: HUB, first: 200) {{ code nameEn zone }}
    }}"""
    address = f"/v1/b/{hub.branch.code}/graphql"
    told = (await visitor.post(address, json={"query": question})).json()
    assert "errors" not in told, told
    assert told["data"]["branch"] == {
        "code": province.branch.code,
        "kind": "PROVINCE",
        "state": "ACTIVE",
        "parent": {"code": hub.branch.code, "parent": None},
        "below": [{"code": city.branch.code, "kind": "CITY"}],
    }
    assert told["data"]["nobody"] is None
    assert hub.branch.code in {one["code"] for one in told["data"]["hubs"]}
