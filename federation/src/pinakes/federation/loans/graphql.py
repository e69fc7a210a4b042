"""My loans, as a graph."""

from datetime import datetime
from typing import Self
from uuid import UUID

import strawberry
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.federation.loans import models, service
from pinakes.platform.errors import NotFound
from pinakes.platform.graphql import Info, length
from pinakes.tenants.circulation.machine import State, state_of

MOST = 200

strawberry.enum(State, name="LoanState")


class LoansAtHome(NotFound):
    code = "loans_at_home"
    title = "Your loans are told at your home branch"


@strawberry.type(name="MyLoan")
class Loan:
    """One of my loans, as far as my home branch has heard."""

    id: UUID
    lender_id: strawberry.Private[int]
    barcode: str
    title: str
    lent_at: datetime
    due_at: datetime
    renewals: int
    returned_at: datetime | None
    state: State
    as_of: datetime

    @classmethod
    def of(cls, row: models.Borrowed) -> Self:
        names = ("id", "lender_id", "barcode", "title", "lent_at", "due_at", "renewals")
        told = {name: getattr(row, name) for name in (*names, "returned_at", "as_of")}
        return cls(**told, state=state_of(row.returned_at))


@strawberry.type
class LoanQueries:
    @strawberry.field
    async def my_loans(self, info: Info, limit: int = 50) -> list[Loan]:
        """My open loans in all branches, newest first; ask at the home branch."""
        context = info.context
        person = context.asker.person
        if person is None or context.asker.home != context.here.code:
            raise LoansAtHome("Ask the graph of your home branch.", home=context.asker.home)
        rows = service.mine(person).order_by(models.Borrowed.id.desc()).limit(length(limit, MOST))

        async def look(session: AsyncSession) -> list[Loan]:
            return [Loan.of(row) for row in await session.scalars(rows)]

        return await context.read(look)
