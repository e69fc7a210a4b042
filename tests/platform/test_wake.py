"""The worker is woken soon after something was told, however much that was."""

import asyncio

import asyncpg
import pytest

from pinakes.main.embedded.postgres import Postgres
from pinakes.platform.wake import Waker, listening

pytestmark = pytest.mark.anyio

MANY = 500
END = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query = 'NOTIFY pinakes'"


async def test_what_is_told_at_once_is_one_wake_up(postgres: Postgres) -> None:
    heard: list[None] = []
    address, waker = postgres.address("pinakes_app"), Waker(postgres.address("pinakes_app"))
    async with listening(address, lambda: heard.append(None)) as connection, waker.running():
        for _ in range(MANY):
            waker.wake()
        await until(connection, heard, 1)
        waker.wake()
        await until(connection, heard, 2)
    assert len(heard) == 2


async def test_wake_ups_come_again_when_the_database_does(postgres: Postgres) -> None:
    heard: list[None] = []
    address, waker = postgres.address("pinakes_app"), Waker(postgres.address("pinakes_app"))
    async with listening(address, lambda: heard.append(None)) as connection, waker.running():
        waker.wake()
        await until(connection, heard, 1)
        await connection.execute(END)
        while len(heard) < 2:  # one may go down with the connection; the sweep is there for that
            waker.wake()
            await until(connection, heard, 2, patience=0.2)


async def until(
    connection: asyncpg.Connection, heard: list[None], many: int, patience: float = 10
) -> None:
    """Listen until so much was heard, or patience ends."""
    ends = asyncio.get_running_loop().time() + patience
    while len(heard) < many and asyncio.get_running_loop().time() < ends:
        await connection.execute("SELECT")
        await asyncio.sleep(0.01)
