"""The asking reader, as a graph: what this branch knows of him or her."""

from uuid import UUID

import strawberry
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.platform.graphql import Info
from pinakes.tenants.readers import cards, service


@strawberry.type
class MyCard:
    """One card of mine."""

    number: str
    issuer: str
    state: str
    old: bool


@strawberry.type
class Myself:
    """Me, as this branch knows me: at home everything, elsewhere what I consented to."""

    person: UUID
    home: str | None
    kind: str | None
    name: str | None
    state: str | None

    @strawberry.field
    async def cards(self, info: Info) -> list[MyCard]:
        """My cards: at home all of them, elsewhere those that this branch has issued."""
        found = await info.context.read(lambda session: cards.views(session, self.person))
        return [MyCard(number=c.number, issuer=c.issuer, state=c.state, old=c.old) for c in found]


@strawberry.type
class ReaderQueries:
    @strawberry.field
    async def me(self, info: Info) -> Myself | None:
        """The asking reader; null for everybody else."""
        asker = info.context.asker
        if asker.person is None:
            return None
        person = asker.person

        async def look(session: AsyncSession) -> Myself:
            reader = await service.of_person(session, person)
            return Myself(
                person=person,
                home=asker.home,
                kind=reader.kind if reader else None,
                name=reader.name if reader else None,
                state=reader.state if reader else None,
            )

        return await info.context.read(look)
