"""Which tenants there are: a small copy of ``commons.tenant`` in every process."""

import asyncio
from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager, suppress
from logging import getLogger

import msgspec
from msgspec import Struct
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from pinakes.platform.db import public_work
from pinakes.platform.errors import NotFound

FRESH = 1.0  # seconds between two looks; commands ask the database itself whether a tenant is open

STATE_OF_ALL = text("SELECT count(*), coalesce(sum(version), 0) FROM commons.tenant")
ALL = text("""
    SELECT id, consortium_id AS consortium, code, kind, path, name_zh, name_en, state, zone, host,
           latitude, longitude FROM commons.tenant
""")

log = getLogger(__name__)


class NoSuchTenant(NotFound):
    code = "no_such_branch"
    title = "There is no such branch"


class Tenant(Struct, frozen=True, kw_only=True):
    """One node of the tree. ``path`` holds the ids from the root down to itself."""

    id: int
    consortium: int
    code: str
    kind: str
    path: list[int]
    name_zh: str
    name_en: str
    state: str
    zone: str
    host: str | None = None
    latitude: float | None = None
    longitude: float | None = None

    def name(self, language: str) -> str:
        """Its name in ``zh`` or ``en``; the other one where that is missing."""
        first, second = self.name_zh, self.name_en
        return (first or second) if language == "zh" else (second or first)


class Directory:
    """The tenants as of a second ago."""

    def __init__(self, tenants: Iterable[Tenant] = ()) -> None:
        self.stamp: tuple[int, int] | None = None
        self.fill(tenants)

    def fill(self, tenants: Iterable[Tenant]) -> None:
        self.ids = {tenant.id: tenant for tenant in tenants}
        self.codes = {tenant.code: tenant for tenant in self.ids.values()}
        self.hosts = {tenant.host: tenant for tenant in self.ids.values() if tenant.host}

    def coded(self, code: str) -> Tenant:
        """The tenant with this public name, or NoSuchTenant."""
        found = self.codes.get(code)
        if found is None or found.state in {"requested", "gone"}:
            raise NoSuchTenant("No branch has this code. GET /v1/branches lists them all.")
        return found

    def lineage(self, tenant: Tenant) -> list[str]:
        """The codes from the root of the tree down to *tenant*."""
        return [self.ids[id].code for id in tenant.path if id in self.ids]

    async def refresh(self, engine: AsyncEngine) -> None:
        """Read the table anew if anything in it has changed."""
        async with public_work(engine) as session:
            count, versions = (await session.execute(STATE_OF_ALL)).one()
            stamp = (int(count), int(versions))
            if stamp != self.stamp:
                rows = (await session.execute(ALL)).mappings()
                self.fill(msgspec.convert(dict(row), Tenant) for row in rows)
                self.stamp = stamp

    @asynccontextmanager
    async def kept_fresh(self, engine: AsyncEngine) -> AsyncGenerator[None]:
        """Look again each second; an absent database leaves yesterday's directory in force."""

        async def look() -> None:
            while True:
                await asyncio.sleep(FRESH)
                try:
                    await self.refresh(engine)
                except Exception:
                    log.warning("the directory could not be read; the last one stays")

        await self.refresh(engine)
        task = asyncio.create_task(look())
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
