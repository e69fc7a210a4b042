"""Nobody comes in whom the table of rights does not name."""

from importlib.metadata import version

import httpx
import pytest
from litestar import Controller, Litestar, get
from mint import Mint, bearer

from pinakes.main.app import create_app
from pinakes.main.door import operations
from pinakes.main.rights import RIGHTS
from pinakes.platform.config import Settings
from pinakes.platform.directory import Tenant
from pinakes.platform.feature import Feature

pytestmark = pytest.mark.anyio


def test_every_operation_stands_in_the_table_and_none_else(app: Litestar) -> None:
    listed = {name for name in RIGHTS if not name.startswith("query.")}
    assert operations(app) == listed


def test_an_operation_that_nobody_listed_stops_the_build(settings: Settings) -> None:
    class Secrets(Controller):
        path = "/secrets"

        @get()
        async def show(self) -> str:
            return ""

    with pytest.raises(LookupError, match=r"secrets\.show"):
        create_app(settings, [Feature(name="secrets", common=[Secrets])])


async def test_an_unknown_branch_is_not_found(client: httpx.AsyncClient) -> None:
    answer = await client.post("/v1/b/nowhere/graphql", json={"query": "{ version }"})
    assert (answer.status_code, answer.json()["code"]) == (404, "no_such_branch")


async def test_a_token_that_is_none_is_refused(client: httpx.AsyncClient, tenant: Tenant) -> None:
    for header in ("Bearer", "Bearer x", "Basic dXNlcjpwYXNz", "Bearer a.b.c"):
        answer = await client.post(
            f"/v1/b/{tenant.code}/graphql",
            json={"query": "{ version }"},
            headers={"Authorization": header},
        )
        assert answer.status_code == 401, header
        assert answer.headers["www-authenticate"] == "Bearer"


async def test_a_problem_tells_code_detail_and_request(client: httpx.AsyncClient) -> None:
    answer = await client.get("/v1/nothing", headers={"X-Request-Id": "desk-7"})
    problem = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["x-request-id"] == "desk-7"
    assert problem["type"] == f"/errors/{problem['code']}"
    assert problem["request"] == "desk-7"


async def test_a_request_id_that_is_unfit_for_a_log_is_replaced(client: httpx.AsyncClient) -> None:
    answer = await client.get("/livez", headers={"X-Request-Id": 'a"b,c:d'})
    assert answer.headers["x-request-id"].isalnum()


async def test_alive_and_ready(client: httpx.AsyncClient) -> None:
    assert (await client.get("/livez")).json() == {"ok": True, "version": version("pinakes")}
    ready = (await client.get("/readyz")).json()
    assert (ready["ok"], ready["version"]) == (True, version("pinakes"))
    assert ready["parts"]["database"]["ok"]


async def test_every_code_is_explained(client: httpx.AsyncClient) -> None:
    codes = [entry["code"] for entry in (await client.get("/v1/errors")).json()["items"]]
    assert {"not_found", "fault", "idempotency_key_reused", "branch_not_active"} <= set(codes)
    assert all(code.replace("_", "").isalnum() and code == code.lower() for code in codes)
    for code in codes:
        assert code in (await client.get(f"/errors/{code}")).text


async def test_a_branch_is_also_found_by_its_own_host(
    app: Litestar, client: httpx.AsyncClient, tenant: Tenant, mint: Mint
) -> None:
    app.state.directory.hosts["library.example"] = tenant
    answer = await client.post(
        "/v1/graphql",
        json={"query": "{ version }"},
        headers={"Host": "library.example", **bearer(mint.token("staff", "ada"))},
    )
    assert answer.json() == {"data": {"version": "1"}}
