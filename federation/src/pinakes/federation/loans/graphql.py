"""My loans, as a graph."""

from datetime import datetime
from typing import Self
from uuid import UUID

import strawberry
from msgspec.structs import asdict
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.federation.lending import looking
from pinakes.federation.loans import models, service
from pinakes.federation.loans.schemas import MyLoan
from pinakes.platform.errors import NotFound
from pinakes.platform.graphql import Info, length
from pinakes.tenants.circulation.machine import State
from pinakes.tenants.registry.graphql import Branch, coded

MOST = 200

strawberry.enum(State, name="LoanState")


class LoansAtHome(NotFound):
    code = "loans_at_home"
    title = "Your loans are told at your home branch"


@strawberry.type(name="MyLoan")
class Loan:
    """One of my loans, as far as my home branch has heard."""

    id: UUID
    branch_code: strawberry.Private[str]
    barcode: str
    title: str
    lent_at: datetime
    due_at: datetime
    renewals: int
    returned_at: datetime | None
    state: State
    as_of: datetime
    request: UUID | None  # which of my requests has brought it

    @classmethod
    def of(cls, loan: MyLoan) -> Self:
        told = asdict(loan)
        for name in ("branch_zh", "branch_en"):
            del told[name]
        return cls(branch_code=told.pop("branch"), **told)

    @strawberry.field
    async def branch(self, info: Info) -> Branch | None:
        """The branch that lent it, and renews it."""
        found = await info.context.load(coded, self.branch_code)
        return Branch.of(found) if found else None


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
            directory = context.state["directory"]
            brought = await looking.brought(session, directory, person)
            found = await session.scalars(rows)
            return [Loan.of(MyLoan.of(row, directory, brought)) for row in found]

        return await context.read(look)
