"""Whoever asks with another tenant's ids learns nothing: not even that they exist."""

import asyncio
import re
from collections.abc import AsyncIterator, Sequence

import asyncpg
import httpx
import pytest
from graphql import build_schema
from mint import Mint
from promises.foreign import Ask, graph, rest
from promises.robbed import CANARY, Scene, robbed

from pinakes.main.embedded.postgres import Postgres
from pinakes.main.features import FEATURES
from pinakes.main.graph import build
from pinakes.platform.config import Settings

pytestmark = pytest.mark.anyio

ROLES = ("desk", "cataloguer", "administrator")
FAULTS = {
    "jobs": "ALTER POLICY tenant ON job USING (true)",
    "loans": "ALTER POLICY tenant ON loan USING (true)",
}


@pytest.fixture(scope="module")
async def scene(
    anyio_backend: str,
    settings: Settings,
    postgres: Postgres,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Scene]:
    async with robbed(settings, postgres, "robbery", tmp_path_factory.mktemp("search")) as scene:
        yield scene


async def leaks(scene: Scene, mint: Mint, asks: Sequence[Ask]) -> list[str]:
    """The asks whose answer holds something of the robbed, or tells that an id exists."""
    headers = mint.staff(*(f"{role}@curious" for role in ROLES))
    found: list[str] = []
    for ask in asks:
        answer = await send(scene, ask, headers)
        if answer.status_code == 500 or CANARY.search(told(answer, ask)):
            found.append(f"{ask.operation}: {answer.status_code} {answer.text[:300]}")
        elif ask.twin and shape(answer, ask) != shape(
            await send(scene, ask.twin, headers), ask.twin
        ):
            found.append(f"{ask.operation} tells what exists: {answer.text[:300]}")
    return found


async def send(scene: Scene, ask: Ask, headers: dict[str, str]) -> httpx.Response:
    return await scene.client.request(
        ask.method, ask.path, params=dict(ask.query), json=ask.body, headers=headers
    )


def told(answer: httpx.Response, ask: Ask) -> str:
    """The answer, but for what it repeats of the question."""
    text = answer.text
    for said in sorted(repeated(ask), key=len, reverse=True):
        text = text.replace(said, "…")
    return text


def repeated(ask: Ask) -> set[str]:
    return {word for word in re.findall(r"[\w.@-]+", f"{ask.path} {ask.query} {ask.body}") if word}


def shape(answer: httpx.Response, ask: Ask) -> tuple[int, str]:
    """What remains when ids of things and of the request are taken out."""
    text = re.sub(
        r'"request": ?"[^"]*"|[0-9a-f]{8}-[0-9a-f-]{27,}|[0-9a-f]{32}', "…", told(answer, ask)
    )
    return answer.status_code, re.sub(
        r'"(id|upload|created_at|as_of|lent_at)": ?"[^"]*"', "…", text
    )


async def test_no_operation_tells_anything(scene: Scene, mint: Mint) -> None:
    document = scene.app.openapi_schema.to_schema()
    found = await leaks(scene, mint, list(rest(document, scene.loot, "curious")))
    assert found == []


async def test_the_robbed_branch_itself_is_closed_to_strangers(scene: Scene, mint: Mint) -> None:
    document = scene.app.openapi_schema.to_schema()
    asks = [ask for ask in rest(document, scene.loot, "robbed") if "/b/robbed/" in ask.path]
    headers = mint.staff(*(f"{role}@curious" for role in ROLES))
    answers = await asyncio.gather(*(send(scene, ask, headers) for ask in asks))
    for ask, answer in zip(asks, answers, strict=True):
        assert not CANARY.search(told(answer, ask)), ask.operation
        assert answer.status_code in {200, 400, 403, 404, 409}, (ask.operation, answer.text)


async def test_no_field_of_the_graph_tells_anything(scene: Scene, mint: Mint) -> None:
    headers = mint.staff(*(f"{role}@curious" for role in ROLES))
    schema = build_schema(build(FEATURES).as_str())
    for name, question in [pair for _ in scene.loot.ids for pair in graph(schema, scene.loot)]:
        answer = await scene.client.post(
            "/v1/b/curious/graphql", json={"query": question}, headers=headers
        )
        asked = Ask(name, "POST", question, {}, None)
        assert answer.status_code == 200, question
        assert not CANARY.search(told(answer, asked)), (question, answer.text)
        codes = {error["extensions"]["code"] for error in answer.json().get("errors", [])}
        assert "fault" not in codes, answer.text


@pytest.mark.parametrize("fault", FAULTS)
async def test_the_questions_would_find(fault: str, scene: Scene, mint: Mint) -> None:
    owner = await asyncpg.connect(scene.postgres.address("pinakes", scene.database))
    table = FAULTS[fault].split()[4]
    try:
        await owner.execute(FAULTS[fault])
        document = scene.app.openapi_schema.to_schema()
        asks = [
            ask for ask in rest(document, scene.loot, "curious") if ask.operation.startswith(fault)
        ]
        assert await leaks(scene, mint, asks)
    finally:
        await owner.execute(
            f"ALTER POLICY tenant ON {table} USING (tenant_id = (SELECT pinakes_tenant()))"
        )
        await owner.close()
