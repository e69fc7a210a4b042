"""Requests over HTTP: of readers, and what the desks of all parties do with them."""

from typing import Annotated, Any
from uuid import UUID

from litestar import Controller, Request, Response, get, post
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, FromQuery, JSONBody, Parameter

from pinakes.federation.lending import hot, looking, pausing, service
from pinakes.federation.lending.fetching import Work, waiting
from pinakes.federation.lending.model import Role
from pinakes.federation.lending.models import Request as Wish
from pinakes.federation.lending.rows import Sought
from pinakes.federation.lending.schemas import (
    Doing,
    MyRequest,
    NewRequest,
    PartyView,
    Pause,
    RequestView,
    Scan,
    Scanned,
)
from pinakes.platform.clock import now
from pinakes.platform.db import unit_of_work
from pinakes.platform.directory import Directory
from pinakes.platform.errors import NotFound
from pinakes.platform.http import Asker, Data, Here, Session
from pinakes.platform.paging import After, Limit, Page, newest
from pinakes.tenants.circulation.routes import AtDesk, desk_of, told
from pinakes.tenants.readers.me import person

Attempt = Annotated[int | None, Parameter(ge=1, le=1000)]
Word = Annotated[str, Parameter(max_length=40)]
Call = Request[Any, Any, Any]


async def directory_of(request: Request[Any, Any, Any]) -> Directory:
    """Which branches there are."""
    found: Directory = request.app.state.directory
    return found


Known = NamedDependency[Directory]
KNOWN = {"directory": Provide(directory_of), "desk": Provide(desk_of)}


class NoSuchRole(NotFound):
    code = "no_such_role"
    title = "A branch is requester, supplier or pickup"


def role_of(told: str) -> Role:
    """The role of this name, or NoSuchRole."""
    if told not in set(Role):
        raise NoSuchRole("Say one of the three in the address.")
    return Role(told)


class Requests(Controller):
    path = "/requests"
    tags = ("lending",)
    dependencies = KNOWN

    @post()
    async def place(
        self, data: JSONBody[NewRequest], request: Call, desk: AtDesk
    ) -> Response[PartyView]:
        """Ask for a title: readers for themselves at home, the desk with the reader's card."""
        return told(request, desk, await hot.place(desk, data))

    @get()
    async def list(
        self,
        directory: Known,
        session: Session,
        person: FromQuery[UUID | None] = None,
        over_too: FromQuery[bool] = False,
        after: FromQuery[After] = None,
        limit: FromQuery[Limit] = 50,
    ) -> Page[RequestView]:
        """Requests of this branch's readers, newest first."""
        rows = service.listed(person, over_too=over_too)
        return await newest(
            session,
            rows,
            Wish.id,
            lambda row: RequestView.of(row, directory),
            after=after,
            limit=limit,
        )

    @get("/{id:uuid}")
    async def show(
        self, id: FromPath[UUID], directory: Known, session: Session
    ) -> looking.WholeRequest:
        """All that this branch is in a request, and what it did."""
        return await looking.whole(session, directory, id)

    @post("/{id:uuid}/cancel", status_code=200)
    async def cancel(self, id: FromPath[UUID], request: Call, desk: AtDesk) -> Response[PartyView]:
        """It is wanted no longer; what is under way is sent back."""
        return told(request, desk, await hot.own(desk, id, "cancel"))

    @post("/{id:uuid}/renew", status_code=200)
    async def renew(self, id: FromPath[UUID], request: Call, desk: AtDesk) -> Response[PartyView]:
        """Ask the supplier for more time."""
        return told(request, desk, await hot.own(desk, id, "renew"))

    @post("/{id:uuid}/suspend", status_code=204)
    async def suspend(
        self,
        id: FromPath[UUID],
        data: JSONBody[Pause],
        session: Session,
        asker: Asker,
        here: Here,
        database: Data,
    ) -> None:
        """Let others go first until that day, or until it is resumed; its place is kept."""
        await pausing.suspend(session, database, here, asker, id, data.until)

    @post("/{id:uuid}/resume", status_code=204)
    async def resume(
        self, id: FromPath[UUID], session: Session, asker: Asker, database: Data
    ) -> None:
        """Wait on, from the place that was kept."""
        await pausing.resume(session, database, asker, id)

    @post("/{id:uuid}/{role:str}/{act:str}", status_code=200)
    async def act(  # noqa: PLR0913, PLR0917  (which party, what, and how)
        self,
        id: FromPath[UUID],
        role: FromPath[Word],
        act: FromPath[Word],
        data: JSONBody[Doing],
        request: Call,
        desk: AtDesk,
        attempt: FromQuery[Attempt] = None,
    ) -> Response[PartyView]:
        """One step at this branch; the refusal names what is possible instead."""
        facts = data.facts(int(now().timestamp()))
        answer = await hot.act(desk, Sought(id, role_of(role), attempt), act, facts)
        return told(request, desk, answer)


class Scans(Controller):
    path = "/scans"
    tags = ("lending",)
    dependencies = {"desk": Provide(desk_of)}

    @post(status_code=200)
    async def scan(
        self, data: JSONBody[Scan], request: Call, desk: AtDesk
    ) -> Response[Page[Scanned]]:
        """A book or a parcel: what is next with it is done; of a foreign one, the owner told."""
        return told(request, desk, await hot.scan(desk, data))


class Worklists(Controller):
    path = "/worklists"
    tags = ("lending",)
    dependencies = KNOWN

    @get("/{name:str}")
    async def list(
        self,
        name: FromPath[Word],
        directory: Known,
        session: Session,
        after: FromQuery[After] = None,
        limit: FromQuery[Limit] = 50,
    ) -> Page[Work]:
        """What waits for a hand: answer, pull, ship, receive, shelf, overdue, lost, problem.

        The longest waiting first.
        """
        return await waiting(session, directory, name, after, limit)


class MyRequests(Controller):
    path = "/me/requests"
    tags = ("lending",)
    dependencies = KNOWN

    @get()
    async def list(
        self,
        directory: Known,
        asker: Asker,
        database: Data,
        over_too: FromQuery[bool] = False,
    ) -> Page[MyRequest]:
        """My holds and requests over all branches, newest first, each with its next step."""
        home = directory.coded(asker.home or "")
        async with unit_of_work(database.app, home.id, asker) as session:
            return Page(await looking.mine(session, directory, person(asker), over_too=over_too))
