"""A house with two branches: one robbed of all its ids and words, and one that is curious."""

import re
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import asyncpg
import httpx
from databases import another
from litestar import Litestar
from promises.attempts import owned_tables, plant
from promises.foreign import Loot
from pydantic import SecretStr

from pinakes.main.app import create_app, dress
from pinakes.main.embedded.postgres import Postgres
from pinakes.platform.config import Settings

ROBBED, CURIOUS = 910_001, 910_002
CANARY = re.compile(rf"canary-{ROBBED}|c{ROBBED}-")


@dataclass
class Scene:
    """A house with two branches, one of them robbed of all its ids and words."""

    app: Litestar
    client: httpx.AsyncClient
    loot: Loot
    postgres: Postgres
    database: str


@asynccontextmanager
async def robbed(
    settings: Settings, postgres: Postgres, name: str, search: Path
) -> AsyncGenerator[Scene]:
    """The house in a database called *name*, its search index in the folder *search*."""
    async with another(postgres, name) as inside:
        loot = await furnished(inside)
        there = settings.model_copy(
            update={"search": search}
            | {
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
