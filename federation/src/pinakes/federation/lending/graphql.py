"""Requests and worklists, as a graph."""

from datetime import datetime
from typing import Self
from uuid import UUID

import strawberry
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.federation.lending import looking, schemas
from pinakes.federation.lending.models import PartyRow
from pinakes.federation.lending.rows import found_of
from pinakes.federation.lending.worklists import worklist
from pinakes.platform.directory import Directory
from pinakes.platform.graphql import Info, length

MOST = 200


@strawberry.type(name="LendingParty")
class Party:
    """Where this branch stands in one role of one attempt at a request."""

    request: UUID
    role: str
    attempt: int
    state: str
    home: str
    pickup: str
    supplier: str | None
    title: str
    barcode: str | None
    due: datetime | None
    label: str | None
    in_house: bool
    payer: str | None
    trouble: str | None
    acts: list[str]

    @classmethod
    def of(cls, view: schemas.PartyView) -> Self:
        names = [field for field in cls.__annotations__ if hasattr(view, field)]
        return cls(**{name: getattr(view, name) for name in names})


@strawberry.type(name="MyRequest")
class Mine:
    """One of my requests, and what comes next."""

    id: UUID
    title: str
    state: str
    over: bool
    pickup: str
    until: datetime | None
    position: int | None
    total: int | None
    suspended: bool
    suspended_until: datetime | None
    as_of: datetime

    @classmethod
    def of(cls, row: schemas.MyRequest) -> Self:
        names = ("id", "title", "state", "over", "pickup", "until", "suspended",
                 "suspended_until", "as_of")  # fmt: skip
        place = row.place
        return cls(
            **{name: getattr(row, name) for name in names},
            position=place.position if place else None,
            total=place.total if place else None,
        )


@strawberry.type
class LendingQueries:
    @strawberry.field
    async def worklist(self, info: Info, name: str, limit: int = 50) -> list[Party]:
        """What waits for a hand at this branch: answer, pull, ship, receive, shelf, …."""
        directory: Directory = info.context.state.directory
        rows = worklist(name).order_by(PartyRow.id.desc()).limit(length(limit, MOST))

        async def look(session: AsyncSession) -> list[Party]:
            found = await session.scalars(rows)
            return [Party.of(schemas.PartyView.of(found_of(row), directory)) for row in found]

        return await info.context.read(look)

    @strawberry.field
    async def my_requests(self, info: Info, over_too: bool = False) -> list[Mine]:
        """My holds and requests, newest first; ask at the home branch."""
        context = info.context
        person = context.asker.person
        if person is None or context.asker.home != context.here.code:
            raise looking.RequestsAtHome("Ask the graph of your home branch.")

        async def look(session: AsyncSession) -> list[Mine]:
            directory: Directory = context.state.directory
            return [
                Mine.of(one)
                for one in await looking.mine(session, directory, person, over_too=over_too)
            ]

        return await context.read(look)
