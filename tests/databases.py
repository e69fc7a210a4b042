"""Another database beside the session's own, for tests that change what all tests share."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import asyncpg

from pinakes.main.embedded.postgres import Postgres
from pinakes.main.migrations.run import upgrade


@asynccontextmanager
async def another(postgres: Postgres, name: str) -> AsyncGenerator[asyncpg.Connection]:
    """A migrated database called *name*, entered as somebody whom no policy binds."""
    async with empty(postgres, name) as inside:
        await asyncio.to_thread(upgrade, postgres.address("pinakes", name))
        yield inside


@asynccontextmanager
async def empty(postgres: Postgres, name: str) -> AsyncGenerator[asyncpg.Connection]:
    """A database called *name* without tables, entered as somebody whom no policy binds."""
    strong = await asyncpg.connect(postgres.address("postgres", "postgres"))
    try:
        await strong.execute(f"CREATE DATABASE {name} OWNER pinakes")
        inside = await asyncpg.connect(postgres.address("postgres", name))
        try:
            yield inside
        finally:
            await inside.close()
            await strong.execute(f"DROP DATABASE {name} WITH (FORCE)")
    finally:
        await strong.close()
