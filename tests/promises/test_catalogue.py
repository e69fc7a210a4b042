"""The database's catalogue keeps every table to the rules of its kind, and the rules bite."""

from collections.abc import AsyncIterator

import asyncpg
import pytest
from promises.catalogue import NEVER, OURS, PLANTED

from pinakes.main.embedded.postgres import Postgres
from pinakes.platform.config import Settings

pytestmark = pytest.mark.anyio


@pytest.fixture
async def strong(postgres: Postgres, settings: Settings) -> AsyncIterator[asyncpg.Connection]:
    """Somebody who may break every rule, until the end of one transaction."""
    connection = await asyncpg.connect(postgres.address("postgres"))
    transaction = connection.transaction()
    await transaction.start()
    yield connection
    await transaction.rollback()
    await connection.close()


async def found(connection: asyncpg.Connection, wrong: str) -> list[str]:
    return [str(row[0]) for row in await connection.fetch(OURS + NEVER[wrong])]


@pytest.mark.parametrize("wrong", NEVER)
async def test_there_is_never(wrong: str, strong: asyncpg.Connection) -> None:
    assert await found(strong, wrong) == []


@pytest.mark.parametrize("wrong", NEVER)
async def test_it_would_be_found(wrong: str, strong: asyncpg.Connection) -> None:
    await strong.execute(PLANTED[wrong])
    assert await found(strong, wrong) != []
