"""Branches, as a graph."""

from typing import Self

import strawberry
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.platform.graphql import Info, length
from pinakes.tenants.registry import service
from pinakes.tenants.registry.machine import Kind, State
from pinakes.tenants.registry.models import Tenant
from pinakes.tenants.registry.schemas import BranchView

MOST = 200
strawberry.enum(Kind, name="BranchKind")
strawberry.enum(State, name="BranchState")


async def coded(session: AsyncSession, codes: list[str]) -> list[BranchView | None]:
    """Branches that everybody may know of, in the order of *codes*."""
    rows = await service.listed(session, Tenant.code.in_(codes), service.shown())
    found = {row.code: row for row in rows}
    return [found.get(code) for code in codes]


async def children(session: AsyncSession, codes: list[str]) -> list[list[BranchView]]:
    """The branches directly below each of *codes*."""
    parents = select(Tenant.id).where(Tenant.code.in_(codes))
    rows = await service.listed(session, Tenant.parent_id.in_(parents), service.shown())
    return [[row for row in rows if row.parent == code] for code in codes]


@strawberry.type
class Branch:
    """One node of the tree of libraries."""

    code: str
    kind: Kind
    name_zh: str
    name_en: str
    state: State
    zone: str
    host: str | None
    latitude: float | None
    longitude: float | None
    parent_code: strawberry.Private[str | None]

    @classmethod
    def of(cls, view: BranchView) -> Self:
        return cls(
            code=view.code,
            kind=view.kind,
            name_zh=view.name_zh,
            name_en=view.name_en,
            state=view.state,
            zone=view.zone,
            host=view.host,
            latitude=view.latitude,
            longitude=view.longitude,
            parent_code=view.parent,
        )

    @strawberry.field
    async def parent(self, info: Info) -> "Branch | None":
        """The branch that it stands below."""
        if self.parent_code is None:
            return None
        found = await info.context.load(coded, self.parent_code)
        return Branch.of(found) if found else None

    @strawberry.field
    async def below(self, info: Info, first: int = 20) -> "list[Branch]":
        """The branches directly below it, by code: the first ones, 200 at most."""
        found = await info.context.load(children, self.code)
        return [Branch.of(view) for view in found[: length(first, MOST)]]


@strawberry.type
class BranchQueries:
    @strawberry.field
    async def branches(
        self, info: Info, kind: Kind | None = None, after: str = "", first: int = 20
    ) -> list[Branch]:
        """The public directory by code, from behind *after*: 200 at most."""
        where = [service.shown(), *([] if kind is None else [Tenant.kind == kind])]
        found = await info.context.read(
            lambda session: service.listed(session, *where, after=after, limit=length(first, MOST))
        )
        return [Branch.of(view) for view in found]

    @strawberry.field
    async def branch(self, info: Info, code: str) -> Branch | None:
        """One branch by its code."""
        found = await info.context.load(coded, code)
        return Branch.of(found) if found else None
