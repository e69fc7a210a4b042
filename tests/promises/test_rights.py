"""Who may do what, cell by cell of the one table: allowed and denied, every operation."""

import re
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from random import Random
from uuid import uuid4

import httpx
import pytest
from graphql import build_schema
from litestar import Litestar
from litestar.routes import HTTPRoute
from mint import Mint
from promises.foreign import graph, strangers

from pinakes.main.app import create_app, dress
from pinakes.main.door import operation, operations
from pinakes.main.features import FEATURES
from pinakes.main.graph import build
from pinakes.main.rights import RIGHTS, STARTS
from pinakes.platform.config import Settings
from pinakes.platform.directory import Tenant
from pinakes.platform.identity import BRANCH_ROLES, Role, starred

pytestmark = pytest.mark.anyio

FLIPPED = 20
DENIALS = {"unauthorized", "forbidden"}
STARRED = [starred(role) for role in sorted(BRANCH_ROLES)]  # with the branches below
type Cell = tuple[str, str]


def doors(app: Litestar) -> Iterator[tuple[str, str, str]]:
    """Every operation with a method and an address of it."""
    ours = operations(app)
    for route in app.routes:
        if isinstance(route, HTTPRoute):
            for handler in route.route_handlers:
                if (
                    name := operation(handler)
                ) in ours and handler.handler_name != "options_handler":
                    yield name, min(handler.http_methods), route.path


def address(path: str, tenant: Tenant) -> str:
    """A real branch, and otherwise things that nobody has."""
    path = path.replace("{branch:str}", tenant.code).replace("{branch}", tenant.code)
    path = re.sub(r"\{\w+:uuid\}", str(uuid4()), path)
    return re.sub(r"\{[^}]*\}", "nothing", path)


def headers(role: str, tenant: Tenant, mint: Mint) -> dict[str, str]:
    match role:
        case Role.ANONYMOUS:
            return {}
        case Role.READER:
            return mint.reader(uuid4(), tenant.code)
        case Role.OPERATOR:
            return mint.staff("operator@*")
        case _:
            plain = role.removesuffix("*")
            return mint.staff(f"{plain}@{tenant.code}{role.removeprefix(plain)}")


async def let_in(
    client: httpx.AsyncClient, method: str, path: str, headers: Mapping[str, str]
) -> bool:
    """Whether the table lets this caller in; what is said behind the door does not matter."""
    answer = await client.request(
        method, path, headers={"Accept": "application/json", **headers}, follow_redirects=False
    )
    if answer.headers.get("location", "").startswith("/login?"):
        return False
    told = answer.headers.get("content-type", "").startswith("application/problem+json")
    return not (told and answer.json()["code"] in DENIALS)


def test_every_kind_of_job_is_stopped_by_those_who_may_start_it() -> None:
    assert {kind for feature in FEATURES for kind, _ in feature.jobs} == STARTS.keys()
    assert all(RIGHTS[name] for name in STARTS.values())


def listed(name: str, role: str) -> bool:
    """Whether the table lets the role in; a starred one may do what the plain one may."""
    return bool({role, role.removesuffix("*"), Role.ANONYMOUS} & RIGHTS[name])


async def differences(
    app: Litestar, tenant: Tenant, mint: Mint, roles: Sequence[str] = tuple(Role)
) -> set[Cell]:
    """The cells in which *app* behaves otherwise than the table says."""
    found: set[Cell] = set()
    transport = httpx.ASGITransport(app=dress(app))
    async with httpx.AsyncClient(transport=transport, base_url="http://pinakes.test") as client:
        for name, method, path in doors(app):
            for role in roles:
                place = address(path, tenant)
                may = await let_in(client, method, place, headers(role, tenant, mint))
                if may != listed(name, role):
                    found.add((name, role))
    return found


async def test_every_cell_of_the_table_holds(app: Litestar, tenant: Tenant, mint: Mint) -> None:
    assert await differences(app, tenant, mint) == set()
    assert await differences(app, tenant, mint, STARRED) == set()


async def test_every_field_of_the_graph_holds(
    client: httpx.AsyncClient, tenant: Tenant, mint: Mint
) -> None:
    """A field that a role may not read is refused before it is asked."""
    schema = build_schema(build(FEATURES).as_str())
    found: set[Cell] = set()
    for name, question in graph(schema, strangers(tenant.code)):
        for role in Role:
            answer = await client.post(
                f"/v1/b/{tenant.code}/graphql",
                json={"query": question},
                headers=headers(role, tenant, mint),
            )
            codes = {one["extensions"]["code"] for one in answer.json().get("errors", [])}
            if ("forbidden" not in codes) != listed(f"query.{name}", role):
                found.add((name, role))
    assert found == set()


def test_only_a_starred_role_acts_on_the_branches_below() -> None:
    assert all(listed(name, "administrator*") for name in RIGHTS if name.startswith("below."))
    assert not any(listed(name, "administrator") for name in RIGHTS if name.startswith("below."))


@asynccontextmanager
async def house_with(settings: Settings, flipped: set[Cell]) -> AsyncGenerator[Litestar]:
    """The same house under a table of which some cells are wrong."""
    rights = {
        name: roles.symmetric_difference({role for other, role in flipped if other == name})
        for name, roles in RIGHTS.items()
    }
    house = create_app(settings, rights=rights)
    async with house.lifespan():
        yield house


async def test_twenty_flipped_cells_are_found(
    app: Litestar, settings: Settings, tenant: Tenant, mint: Mint
) -> None:
    inside = {name for name, _, path in doors(app) if "{branch" in path}  # staff act in a branch
    shut = sorted(name for name in inside if Role.ANONYMOUS not in RIGHTS[name])
    cells: list[Cell] = [
        (name, role) for name in shut for role in Role if role is not Role.ANONYMOUS
    ]
    flipped = set(Random(20261121).sample(cells, FLIPPED))
    async with house_with(settings, flipped) as house:
        assert await differences(house, tenant, mint) == flipped
