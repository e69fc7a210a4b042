"""Small copies of public tables, looked at again each second in every process."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from logging import getLogger
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncEngine

FRESH = 1.0  # seconds between two looks

log = getLogger(__name__)


class Copy(Protocol):
    async def refresh(self, engine: AsyncEngine) -> None:
        """Read the table anew."""


@asynccontextmanager
async def kept_fresh(copy: Copy, engine: AsyncEngine) -> AsyncGenerator[None]:
    """Look now and each second; while the database is away the last copy stays in force."""

    async def look() -> None:
        while True:
            await asyncio.sleep(FRESH)
            try:
                await copy.refresh(engine)
            except Exception:
                log.warning("%s could not be read; the last one stays", type(copy).__name__)

    await copy.refresh(engine)
    task = asyncio.create_task(look())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
