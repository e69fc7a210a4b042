"""Whatever is sent to whichever operation, the answer is no 5xx and is as described."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from graphql import GraphQLSchema, build_schema
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from hypothesis_graphql import nodes, queries
from mint import Mint
from strawberry.printer import print_schema

from pinakes.main.bench import serving
from pinakes.main.features import FEATURES
from pinakes.main.graph import build
from pinakes.platform.config import Settings
from pinakes.platform.directory import Tenant

pytestmark = pytest.mark.anyio

EXAMPLES = 10  # an operation
JUDGES = [
    "status_code_conformance",  # no 500 is described; 503 is: nobody logs people in here
    "content_type_conformance",
    "response_schema_conformance",
]


@pytest.fixture(scope="module")
def address(settings: Settings) -> Iterator[str]:
    """The API in a process of its own."""
    with serving.api(settings) as process:
        yield process.address


def who(role: str, mint: Mint, tenant: Tenant) -> dict[str, str]:
    match role:
        case "anonymous":
            return {}
        case "reader":
            return mint.reader(uuid4(), tenant.code)
        case "operator":
            return mint.staff("operator@*")
        case _:
            return mint.staff(f"{role}@{tenant.code}*")


def of_one_branch(description: dict[str, Any], code: str) -> dict[str, Any]:
    """The description with a real branch in every path: a random one is only ever not found."""
    paths = {}
    for path, operations in description["paths"].items():
        for operation in operations.values():
            named = operation.get("parameters", [])
            operation["parameters"] = [one for one in named if one["name"] != "branch"]
        paths[path.replace("{branch}", code)] = operations
    return description | {"paths": paths}


def judge(place: str, address: str, headers: dict[str, str], *words: str) -> str:
    """What schemathesis says, or "" when it has nothing to say."""
    command = [sys.executable, "-m", "schemathesis.cli", "run", place, "--url", address]
    for name, value in headers.items():
        command += ["-H", f"{name}: {value}"]
    command += ["--max-examples", str(EXAMPLES), "--seed", "1", "--warnings", "off", "--no-color"]
    done = subprocess.run([*command, *words], capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else done.stdout[-6000:] + done.stderr[-2000:]


@pytest.mark.parametrize("role", ["anonymous", "reader", "administrator", "operator"])
async def test_the_api_keeps_to_its_description(
    role: str, address: str, tenant: Tenant, mint: Mint, tmp_path: Path
) -> None:
    async with httpx.AsyncClient(base_url=address) as client:
        description = (await client.get("/schema/openapi.json")).json()
    place = tmp_path / "openapi.json"
    place.write_text(json.dumps(of_one_branch(description, tenant.code)))
    said = judge(
        str(place),
        address,
        who(role, mint, tenant),
        "--checks",
        ",".join(JUDGES),
        "--phases",
        "examples,coverage,fuzzing",
    )
    assert not said, said


LOOSE = examples(
    max_examples=150,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@pytest.fixture(autouse=True)
def known(address: str, tenant: Tenant) -> None:
    """The other process has heard of the tenant."""
    while httpx.get(f"{address}/v1/b/{tenant.code}/catalogue/search").status_code == 404:
        time.sleep(0.1)


SCALARS = {  # as they stand in a question; not all of them well formed
    name: (st.uuids().map(str) | st.text(max_size=20)).map(nodes.String)
    for name in ("UUID", "DateTime", "Date")
}


@pytest.fixture(scope="module")
def graph() -> GraphQLSchema:
    """The graph as a client sees it."""
    return build_schema(print_schema(build(FEATURES)))


async def test_the_graph_answers_anything(
    address: str, tenant: Tenant, mint: Mint, graph: GraphQLSchema
) -> None:
    headers = who("administrator", mint, tenant)

    @LOOSE
    @given(queries(graph, custom_scalars=SCALARS))
    def ask(question: str) -> None:
        answer = client.post(f"/v1/b/{tenant.code}/graphql", json={"query": question})
        assert answer.status_code in {200, 400}, (question, answer.text)
        codes = [error["extensions"]["code"] for error in answer.json().get("errors", [])]
        assert "fault" not in codes, (question, answer.text)

    with httpx.Client(base_url=address, headers=headers) as client:
        ask()
