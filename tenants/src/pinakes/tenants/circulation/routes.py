"""Loans over HTTP."""

from collections.abc import Callable
from typing import Annotated, Any
from uuid import UUID

from litestar import Controller, Request, Response, get, post
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, FromQuery, JSONBody, Parameter

from pinakes.platform.directory import Directory, Tenant
from pinakes.platform.http import Here, Session
from pinakes.platform.paging import After, Limit, Page, newest
from pinakes.platform.replies import Reply, fingerprint_of, key_of, replayed
from pinakes.tenants.circulation import losing, service
from pinakes.tenants.circulation.hot import Answer, Desk, Key
from pinakes.tenants.circulation.machine import State
from pinakes.tenants.circulation.models import Loan
from pinakes.tenants.circulation.schemas import Checkout, LoanEnd, LoanView, Return

Barcode = Annotated[str | None, Parameter(max_length=64)]
Call = Request[Any, Any, Any]  # Litestar does not look through `type X = ...`


async def desk_of(request: Call) -> Desk:
    """Where this request stands, with its idempotency key if it brings one.

    One dependency in place of three: Litestar makes a task of each that it finds side by side.
    """
    state, asker = request.app.state, request.scope["state"]["asker"]
    key = key_of(request, asker.subject)
    keyed = Key(key, await fingerprint_of(request)) if key else Key()
    here = state.directory.coded(request.path_params["branch"])
    return Desk(state.database.hot, state.directory, here, asker, keyed)


AtDesk = NamedDependency[Desk]


class Loans(Controller):
    path = "/loans"
    tags = ("circulation",)
    dependencies = {"desk": Provide(desk_of)}

    @post()
    async def checkout(
        self, data: JSONBody[Checkout], request: Call, desk: AtDesk
    ) -> Response[LoanView]:
        """Lend an item to the reader who shows this card."""
        return told(request, desk, await service.checkout(desk, data))

    @post("/{id:uuid}/renew", status_code=200)
    async def renew(self, id: FromPath[UUID], request: Call, desk: AtDesk) -> Response[LoanView]:
        """Let a reader keep an item longer: the desk for all, readers for themselves."""
        return told(request, desk, await service.renew(desk, id))

    @post("/{id:uuid}/end", status_code=200)
    async def end(
        self,
        id: FromPath[UUID],
        data: JSONBody[LoanEnd],
        request: Call,
        here: Here,
        session: Session,
    ) -> LoanView:
        """End a loan whose book is lost, or was given back as its reader says."""
        loan = await losing.end(session, id, State(data.outcome))
        return viewer(request.app.state.directory, here)(loan)

    @get()
    async def list(  # noqa: PLR0913, PLR0917  (one for each query parameter)
        self,
        request: Call,
        here: Here,
        session: Session,
        person: FromQuery[UUID | None] = None,
        barcode: FromQuery[Barcode] = None,
        closed_too: FromQuery[bool] = False,
        after: FromQuery[After] = None,
        limit: FromQuery[Limit] = 50,
    ) -> Page[LoanView]:
        """The branch's loans, newest first: all, a reader's, or those of one item."""
        rows = service.listed(person, barcode, closed_too=closed_too)
        view = viewer(request.app.state.directory, here)
        return await newest(session, rows, Loan.id, view, after=after, limit=limit)

    @get("/{id:uuid}")
    async def show(
        self, id: FromPath[UUID], request: Call, here: Here, session: Session
    ) -> LoanView:
        """One loan."""
        return viewer(request.app.state.directory, here)(await service.find(session, id))


class Returns(Controller):
    path = "/returns"
    tags = ("circulation",)
    dependencies = {"desk": Provide(desk_of)}

    @post(status_code=200)
    async def scan(self, data: JSONBody[Return], request: Call, desk: AtDesk) -> Response[LoanView]:
        """Take an item back; a second scan changes nothing."""
        return told(request, desk, await service.give_back(desk, data))


def viewer(directory: Directory, here: Tenant) -> Callable[[Loan], LoanView]:
    """How loans of this branch are shown, homes by their codes."""

    def view(loan: Loan) -> LoanView:
        home = directory.ids[loan.home_id].code
        return LoanView.of(loan, home, here.zone, outcome=loan.outcome)

    return view


def told(request: Call, desk: Desk, answer: Answer) -> Response[Any]:
    """The answer over HTTP; the worker is woken to carry what it tells of."""
    if answer.fingerprint is not None and desk.key.fingerprint is not None:
        first = Reply(fingerprint=answer.fingerprint, status=answer.status, body=answer.body)
        return replayed(first, desk.key.fingerprint)
    request.app.state.waker.wake()
    return Response(answer.body, status_code=answer.status, media_type="application/json")
