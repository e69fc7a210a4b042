"""My loans in the browser: one list over all branches, each renewed at the branch that lent it."""

from secrets import token_urlsafe
from typing import Annotated, Any
from uuid import UUID

import asyncpg
import msgspec
from litestar import Controller, Request, Response, get, post
from litestar.params import FromPath, FromQuery, URLEncodedBody
from msgspec import Meta, Struct

from pinakes.federation.lending import looking, wording
from pinakes.federation.loans import service
from pinakes.federation.loans.models import Borrowed
from pinakes.federation.loans.schemas import MyLoan
from pinakes.platform.db import Database, unit_of_work
from pinakes.platform.directory import Directory
from pinakes.platform.errors import NotFound, Problem
from pinakes.platform.http import Asker, Data, describe, understand
from pinakes.platform.identity import Principal
from pinakes.platform.language import later
from pinakes.platform.pages import page
from pinakes.platform.replies import digest
from pinakes.tenants.circulation.hot import Desk, Key
from pinakes.tenants.circulation.schemas import LoanView
from pinakes.tenants.circulation.service import renew
from pinakes.tenants.readers.me import person

MOST = 500
ADVICE = {
    "renewals_used_up": later("Please bring it back. Then you may borrow it again."),
    "renewal_too_early": later("Renew it nearer to its due date."),
    "reader_blocked": later("Ask at the desk of your home library for the reason."),
    "reader_expired": later("Your home library can extend your membership."),
    "loan_move_refused": later("It is back already. The list follows in a moment."),
    "branch_not_active": later("That library is closed at the moment. Try again later."),
}
OTHERWISE = later("Try again in a moment, or ask at the desk of the library.")

Call = Request[Any, Any, Any]


class NotMyLoan(NotFound):
    code = "not_my_loan"
    title = "You have no such loan"


class Key64(Struct):
    """What a button sends: the same word when it is pressed twice by mistake."""

    key: Annotated[str, Meta(max_length=64)] = ""


class MyLoanPages(Controller):
    path = "/me/loans"
    include_in_schema = False

    @get("/")
    async def show(
        self,
        request: Call,
        asker: Asker,
        database: Data,
        requested: FromQuery[UUID | None] = None,
    ) -> Response[str]:
        """What I have on loan, soonest due first; *requested*: what I have just asked for."""
        loans = await mine(request, asker, database)
        return await shown(request, asker, database, loans, requested=requested)

    @post("/{id:uuid}/renewal", status_code=200)
    async def renew(
        self,
        request: Call,
        asker: Asker,
        database: Data,
        id: FromPath[UUID],
        data: URLEncodedBody[Key64],
    ) -> Response[str]:
        """Keep one longer, if the branch that lent it allows it."""
        loans = await mine(request, asker, database)
        loan = next((loan for loan in loans if loan.id == id), None)
        if loan is None:
            raise NotMyLoan(later("It is back, or it was never yours."))
        directory: Directory = request.app.state.directory
        key = digest(asker.subject, "my loans", data.key, str(id)) if data.key else None
        desk = Desk(database.hot, directory, directory.codes[loan.branch], asker, Key(key, key))
        try:
            answer = await renew(desk, id)
        except (Problem, asyncpg.PostgresError) as error:
            return await shown(request, asker, database, loans, problem=understand(error))
        request.app.state.waker.wake()
        done = msgspec.json.decode(answer.body, type=LoanView)
        loan.due_at = done.due_at
        return await shown(request, asker, database, loans, done=done)


async def mine(request: Call, asker: Principal, database: Database) -> list[MyLoan]:
    """My open loans, soonest due first, as my home has heard of them."""
    directory: Directory = request.app.state.directory
    home = directory.coded(asker.home or "")
    rows = service.mine(person(asker)).order_by(Borrowed.due_at).limit(MOST)
    async with unit_of_work(database.app, home.id, asker) as session:
        brought = await looking.brought(session, directory, person(asker))
        return [MyLoan.of(row, directory, brought) for row in await session.scalars(rows)]


async def shown(  # noqa: PLR0913  (what came of the last press of a button)
    request: Call,
    asker: Principal,
    database: Database,
    loans: list[MyLoan],
    *,
    done: LoanView | None = None,
    problem: Problem | None = None,
    requested: UUID | None = None,
) -> Response[str]:
    """The list, and what came of the last press of a button."""
    directory: Directory = request.app.state.directory
    lenders = {loan.id: directory.codes[loan.branch] for loan in loans}
    home = directory.coded(asker.home or "")
    async with unit_of_work(database.app, home.id, asker) as session:
        requests = await looking.mine(session, directory, person(asker))
    fetched = {loan.request for loan in loans}
    return page(
        request,
        "loans/mine.html",
        status=problem.status if problem else 200,
        loans=loans,
        lenders=lenders,
        home=home,
        requests=[one for one in requests if one.id not in fetched],
        fetched={one.id: one for one in requests if one.id in fetched},
        branches=directory.codes,
        requested=requested,
        steps=wording.STEPS,
        closed=wording.CLOSED,
        at_home=wording.AT_HOME,
        coming=wording.COMING,
        expected=wording.EXPECTED,
        as_of=max((loan.as_of for loan in loans), default=None),
        done=done,
        problem=describe(problem) if problem else None,
        advice=ADVICE.get(problem.code, OTHERWISE) if problem else "",
        key=token_urlsafe(16),
    )
