"""Which tenants there are: a small copy of ``commons.tenant`` in every process."""

from collections.abc import Iterable

import msgspec
from msgspec import Struct
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from pinakes.platform.db import public_work
from pinakes.platform.errors import NotFound

STATE_OF_ALL = text("SELECT count(*), coalesce(sum(version), 0) FROM commons.tenant")
ALL = text("""
    SELECT id, consortium_id AS consortium, code, kind, path, name_zh, name_en, state, zone, host,
           latitude, longitude, cell, epoch FROM commons.tenant
""")


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
    cell: str | None = None  # none: this one
    epoch: int = 1  # grows with each move to another cell

    def name(self, language: str) -> str:
        """Its name in ``zh`` or ``en``; the other one where that is missing."""
        first, second = self.name_zh, self.name_en
        return (first or second) if language == "zh" else (second or first)


class Directory:
    """The tenants as of a second ago; commands ask the database itself whether one is open."""

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

    def at_host(self, host: str) -> Tenant | None:
        """The tenant that calls this host its own; *host* as a request names it, perhaps a port."""
        return self.hosts.get(host.rsplit(":", 1)[0].lower())

    def lineage(self, tenant: Tenant) -> list[str]:
        """The codes from the root of the tree down to *tenant*: those whose grants count there.

        A branch above that is not active is left out. Who was sent away from a suspended
        branch would otherwise go on working in those below it, by a right that only that
        branch gives; the staff of a branch still higher keep their reach over both.
        """
        above = (self.ids[id] for id in tenant.path[:-1] if id in self.ids)
        return [*(one.code for one in above if one.state == "active"), tenant.code]

    async def refresh(self, engine: AsyncEngine) -> None:
        """Read the table anew if anything in it has changed."""
        async with public_work(engine) as session:
            count, versions = (await session.execute(STATE_OF_ALL)).one()
            stamp = (int(count), int(versions))
            if stamp != self.stamp:
                rows = (await session.execute(ALL)).mappings()
                self.fill(msgspec.convert(dict(row), Tenant) for row in rows)
                self.stamp = stamp


def named(tenants: Iterable[Tenant], words: str) -> list[Tenant]:
    """Those whose name or code holds *words*, by their codes."""
    wanted = words.strip().casefold()
    found = (tenant for tenant in tenants if wanted in names(tenant))
    return sorted(found, key=lambda tenant: tenant.code)


def names(tenant: Tenant) -> str:
    return f"{tenant.name_zh}\n{tenant.name_en}\n{tenant.code}".casefold()
