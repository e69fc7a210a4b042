"""Everybody may know which branches there are, and how they stand."""

from collections.abc import AsyncIterator

import httpx
import pytest
from moving import act, arrived, line, moved_in
from served import refused

from pinakes.platform.db import public_work
from pinakes.platform.doors import Doors
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
        hubs: branches(kind: HUB, first: 2) {{ kind zone }}
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
    assert {one["kind"] for one in told["data"]["hubs"]} == {"HUB"}
    assert hub.branch.code in [code async for code in hubs(visitor, address)]


async def hubs(visitor: httpx.AsyncClient, address: str) -> AsyncIterator[str]:
    """The codes of all of them, page by page."""
    after = ""
    while True:
        question = f'{{ branches(kind: HUB, after: "{after}", first: 200) {{ code }} }}'
        told = (await visitor.post(address, json={"query": question})).json()
        page = [one["code"] for one in told["data"]["branches"]]
        if not page:
            return
        for code in page:
            yield code
        after = page[-1]
