"""The issuer's connections to its own schema."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import msgspec

type Store = asyncpg.pool.Pool[asyncpg.Record]

CONNECTIONS = 8


@asynccontextmanager
async def opened(address: str) -> AsyncGenerator[Store]:
    """A pool of connections that find our tables by their bare names."""
    async with asyncpg.create_pool(
        address,
        min_size=1,
        max_size=CONNECTIONS,
        init=speak_json,
        reset=untouched,
        server_settings={"search_path": "issuer"},
    ) as pool:
        yield pool


async def speak_json(connection: Any) -> None:
    await connection.set_type_codec(
        "jsonb",
        schema="pg_catalog",
        encoder=as_json,
        decoder=msgspec.json.decode,
    )


def as_json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


async def untouched(_: object) -> None:
    """Nothing to reset: we change no setting for longer than a transaction."""
