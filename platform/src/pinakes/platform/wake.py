"""Wake-ups: one coalesced NOTIFY after commits, from a connection of its own.

Inside the command's transaction it would cost a third of the commits. A lost
wake-up costs a second: the worker also sweeps.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from logging import getLogger

import asyncpg

CHANNEL = "pinakes"
WAKE = f"NOTIFY {CHANNEL}"
PAUSE = 0.02  # seconds; everything told meanwhile is one wake-up

log = getLogger(__name__)


class Waker:
    """Wakes the worker soon after ``wake()``, however often it is called."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.told = asyncio.Event()

    def wake(self) -> None:
        self.told.set()

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        task = asyncio.create_task(self.run())
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def run(self) -> None:
        while True:
            try:
                await self.notify_for_ever()
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                log.warning("no wake-ups for a while: the database is away")
                await asyncio.sleep(1)

    async def notify_for_ever(self) -> None:
        connection = await asyncpg.connect(self.address)
        try:
            while True:
                await self.told.wait()
                self.told.clear()
                await connection.execute(WAKE)
                await asyncio.sleep(PAUSE)
        finally:
            await connection.close(timeout=1)


@asynccontextmanager
async def listening(address: str, heard: Callable[[], None]) -> AsyncGenerator[asyncpg.Connection]:
    """Call *heard* at each wake-up, as long as the connection lives."""
    connection = await asyncpg.connect(address)

    def call(*_: object) -> None:
        heard()

    await connection.add_listener(CHANNEL, call)
    try:
        yield connection
    finally:
        await connection.close(timeout=1)
