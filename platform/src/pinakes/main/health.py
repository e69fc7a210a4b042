"""Alive, and ready: each dependency named, with its latency."""

import asyncio
from collections.abc import Awaitable, Callable
from importlib.metadata import version
from time import perf_counter
from typing import Any

from litestar import Response, get
from msgspec import Struct
from sqlalchemy import text

from pinakes.platform.db import Database, public_work

VERSION = version("pinakes")
SLOWEST = 2.0  # seconds until a dependency counts as away

type Probe = Callable[[], Awaitable[None]]


class Part(Struct):
    """One dependency: whether it answers, and how fast in milliseconds."""

    ok: bool
    ms: float


async def probe(ask: Probe) -> Part:
    """Ask once, for two seconds at most."""
    start = perf_counter()
    try:
        async with asyncio.timeout(SLOWEST):
            await ask()
    except Exception:
        return Part(False, since(start))
    return Part(True, since(start))


def since(start: float) -> float:
    return round((perf_counter() - start) * 1000, 1)


async def ask_database(database: Database) -> None:
    """Whether the database answers the application."""
    async with public_work(database.app) as session:
        await session.execute(text("SELECT"))


@get("/livez", name="health.live", include_in_schema=False)
async def live() -> dict[str, bool | str]:
    """The process answers."""
    return {"ok": True, "version": VERSION}


def readiness(probes: dict[str, Probe]) -> Any:
    """A handler that answers 200 when all parts of this process's duty are well, else 503."""

    @get("/readyz", name="health.ready", include_in_schema=False)
    async def ready() -> Response[dict[str, Any]]:
        """Whether requests may be sent here."""
        parts = dict(zip(probes, await asyncio.gather(*map(probe, probes.values())), strict=True))
        ok = all(part.ok for part in parts.values())
        told = {"ok": ok, "version": VERSION, "parts": parts}
        return Response(told, status_code=200 if ok else 503)

    return ready
