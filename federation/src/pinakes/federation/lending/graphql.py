"""Requests and worklists, as a graph."""

from datetime import datetime
from typing import Any, Self
from uuid import UUID

import strawberry
from msgspec.structs import asdict
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.federation.holds.service import Place
from pinakes.federation.lending import looking, schemas
from pinakes.federation.lending.arrivals import ArrivalView
from pinakes.federation.lending.fetching import Work, works
from pinakes.federation.lending.models import Arrival, PartyRow
from pinakes.federation.lending.rows import found_of
from pinakes.federation.lending.worklists import strangers, worklist
from pinakes.platform.directory import Directory
from pinakes.platform.graphql import Info, length

MOST = 200


@strawberry.type(name="LendingShelfMark")
class Mark:
    """Where a copy of ours stands."""

    call_number: str
    location: str | None


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
    collect_by: datetime | None
    label: str | None
    rule: str | None
    in_house: bool
    payer: str | None
    trouble: str | None
    acts: list[str]
    author: str | None
    shelf_marks: list[Mark]  # of the copy that is chosen, else of those that could be

    @classmethod
    def of(cls, view: Work) -> Self:
        told: dict[str, Any] = {name: getattr(view, name) for name in cls.__annotations__}
        told["shelf_marks"] = [Mark(**asdict(one)) for one in view.shelf_marks]
        return cls(**told)


@strawberry.type(name="LendingArrival")
class Left:
    """A book of another branch that a reader left here, and where it goes."""

    id: UUID
    barcode: str
    title: str | None
    state: str
    owner: str | None
    send_to: str | None
    rule: str | None
    at: datetime


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
    wait_median: float | None  # days; none while nobody can know
    wait_low: float | None
    wait_high: float | None
    suspended: bool
    suspended_until: datetime | None
    as_of: datetime
    edition: UUID | None
    author: str | None

    @classmethod
    def of(cls, row: schemas.MyRequest) -> Self:
        names = ("id", "title", "state", "over", "pickup", "until", "suspended",
                 "suspended_until", "as_of", "edition", "author")  # fmt: skip
        place: dict[str, Any] = {
            name: getattr(row.place, name, None) for name in Place.__struct_fields__
        }
        return cls(**{name: getattr(row, name) for name in names}, **place)


@strawberry.type
class LendingQueries:
    @strawberry.field
    async def worklist(self, info: Info, name: str, limit: int = 50) -> list[Party]:
        """What waits for a hand at this branch: answer, pull, ship, receive, shelf, …."""
        directory: Directory = info.context.state.directory
        rows = worklist(name).order_by(PartyRow.id.desc()).limit(length(limit, MOST))

        async def look(session: AsyncSession) -> list[Party]:
            found = [found_of(row) for row in await session.scalars(rows)]
            return [Party.of(one) for one in await works(session, directory, found)]

        return await info.context.read(look)

    @strawberry.field
    async def arrivals(self, info: Info, limit: int = 50) -> list[Left]:
        """Books of other branches that were left here in the last thirty days, newest first."""
        directory: Directory = info.context.state.directory
        rows = strangers().order_by(Arrival.id.desc()).limit(length(limit, MOST))

        async def look(session: AsyncSession) -> list[Left]:
            found = await session.scalars(rows)
            return [Left(**asdict(ArrivalView.of(row, directory))) for row in found]

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
