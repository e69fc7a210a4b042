"""Whatever is sent to whichever operation, the answer is no 5xx and is as described."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
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
    "not_a_server_error",
    "status_code_conformance",
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


async def test_the_graph_answers_anything(
    address: str, tenant: Tenant, mint: Mint, tmp_path: Path
) -> None:
    place = tmp_path / "schema.graphql"
    place.write_text(print_schema(build(FEATURES)))
    headers = who("administrator", mint, tenant)
    said = judge(
        str(place),
        f"{address}/v1/b/{tenant.code}/graphql",
        headers,
        "--checks",
        "not_a_server_error",
    )
    assert not said, said
