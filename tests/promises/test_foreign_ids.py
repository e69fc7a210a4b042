"""Whoever asks with another tenant's ids learns nothing: not even that they exist."""

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from uuid import UUID

import asyncpg
import httpx
import pytest
from databases import another
from graphql import build_schema
from litestar import Litestar
from mint import Mint
from promises.attempts import owned_tables, plant
from promises.foreign import Ask, Loot, graph, rest
from pydantic import SecretStr

from pinakes.main.app import create_app, dress
from pinakes.main.embedded.postgres import Postgres
from pinakes.main.features import FEATURES
from pinakes.main.graph import build
from pinakes.platform.config import Settings

pytestmark = pytest.mark.anyio

ROBBED, CURIOUS = 910_001, 910_002
CANARY = re.compile(rf"canary-{ROBBED}|c{ROBBED}-")
ROLES = ("desk", "cataloguer", "administrator")
FAULTS = {
    "jobs": "ALTER POLICY tenant ON job USING (true)",
    "loans": "ALTER POLICY tenant ON loan USING (true)",
}


@dataclass
class Scene:
    """A house with two branches, one of them robbed of all its ids and words."""

    app: Litestar
    client: httpx.AsyncClient
    loot: Loot
    postgres: Postgres
    database: str


@pytest.fixture(scope="module")
async def scene(anyio_backend: str, settings: Settings, postgres: Postgres) -> AsyncIterator[Scene]:
    name = "robbery"
    async with another(postgres, name) as inside:
        loot = await furnished(inside)
        there = settings.model_copy(
            update={
                way: SecretStr(postgres.address(role, name))
                for way, role in (
                    ("database", "pinakes_app"),
                    ("carrier", "pinakes_carrier"),
                    ("public", "pinakes_public"),
                )
            }
        )
        app = create_app(there)
        async with (
            app.lifespan(),
            httpx.AsyncClient(
                transport=httpx.ASGITransport(app=dress(app)), base_url="http://pinakes.test"
            ) as client,
        ):
            yield Scene(app, client, loot, postgres, name)


async def furnished(inside: asyncpg.Connection) -> Loot:
    """Two branches, and what is known of the one that owns all rows."""
    await inside.execute("""
        INSERT INTO commons.consortium (id, code, name_zh, name_en) VALUES (8, 'f', 'f', 'f')""")
    for tenant, code in ((ROBBED, "robbed"), (CURIOUS, "curious")):
        await inside.execute(
            """
            INSERT INTO commons.tenant (id, consortium_id, code, kind, path, name_zh, name_en,
                                        state, zone, version)
            VALUES ($1::int, 8, $2, 'county', ARRAY[$1::int], $2, $2, 'active', 'UTC', 1)""",
            tenant,
            code,
        )
    tables = await owned_tables(inside)
    await plant(inside, tables, [ROBBED])
    return Loot(*await collected(inside, tables), code="robbed")


async def collected(
    strong: asyncpg.Connection, tables: Sequence[str]
) -> tuple[list[UUID], list[str]]:
    """All ids and words of the robbed tenant."""
    ids: set[UUID] = set()
    words: set[str] = set()
    for table in tables:
        for row in await strong.fetch(f"SELECT * FROM {table} WHERE tenant_id = $1", ROBBED):
            values = list(row.values())
            ids |= {UUID(bytes=value.bytes) for value in values if isinstance(value, UUID)}
            words |= {value for value in values if isinstance(value, str) and "c" in value}
    return sorted(ids, key=str), sorted(word for word in words if CANARY.search(word))


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
        assert codes <= {"not_found", "forbidden", "no_such_branch"} or "fault" not in codes, (
            answer.text
        )


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
