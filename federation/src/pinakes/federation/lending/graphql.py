"""Requests and worklists, as a graph."""

from uuid import UUID

import strawberry
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.federation.lending import looking
from pinakes.federation.lending.arrivals import ArrivalView
from pinakes.federation.lending.astray_pages import listed
from pinakes.federation.lending.fetching import waiting
from pinakes.federation.lending.models import Arrival
from pinakes.federation.lending.shapes import LeftHere, Mine, NeverHome, Story, Worklist
from pinakes.federation.lending.worklists import strangers
from pinakes.platform.directory import Directory
from pinakes.platform.graphql import Info, length
from pinakes.platform.paging import MOST, newest


@strawberry.type
class LendingQueries:
    @strawberry.field
    async def worklist(
        self, info: Info, name: str, after: str | None = None, limit: int = 50
    ) -> Worklist:
        """What waits for a hand at this branch: answer, pull, …; the longest waiting first."""
        directory: Directory = info.context.state.directory

        async def look(session: AsyncSession) -> Worklist:
            page = await waiting(session, directory, name, after, length(limit, MOST))
            return Worklist.of(page)

        return await info.context.read(look)

    @strawberry.field
    async def request(self, info: Info, id: UUID) -> Story:
        """All that this branch is in a request, why whom it asked, and what was done."""
        directory: Directory = info.context.state.directory

        async def look(session: AsyncSession) -> Story:
            return Story.of(await looking.whole(session, directory, id))

        return await info.context.read(look)

    @strawberry.field
    async def arrivals(self, info: Info, after: str | None = None, limit: int = 50) -> LeftHere:
        """Books of other branches that were left here in the last thirty days, newest first."""
        directory: Directory = info.context.state.directory

        async def look(session: AsyncSession) -> LeftHere:
            page = await newest(
                session,
                strangers(),
                Arrival.id,
                lambda row: ArrivalView.of(row, directory),
                after=after,
                limit=length(limit, MOST),
            )
            return LeftHere.of(page)

        return await info.context.read(look)

    @strawberry.field
    async def astray(self, info: Info, after: str | None = None, limit: int = 50) -> NeverHome:
        """Our books that were left elsewhere and never came home, the longest missing first."""
        directory: Directory = info.context.state.directory

        async def look(session: AsyncSession) -> NeverHome:
            return NeverHome.of(await listed(session, directory, after, length(limit, MOST)))

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
