"""Where readers, and the desk for whose card it has, ask for a title in the browser."""

from typing import Annotated, Any
from uuid import UUID

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency, Provide
from litestar.params import FromQuery, Parameter, URLEncodedBody
from litestar.response import Redirect

from pinakes.federation.lending.asking import Asked, Call, placed, shown
from pinakes.tenants.circulation.hot import Desk
from pinakes.tenants.circulation.routes import AtDesk, desk_of

Words = Annotated[str, Parameter(max_length=500)]
Code = Annotated[str, Parameter(max_length=40)]


async def beginning(
    title: FromQuery[Words] = "",
    edition: FromQuery[UUID | None] = None,
    owner: FromQuery[Code] = "",
    record: FromQuery[UUID | None] = None,
    item: FromQuery[UUID | None] = None,
) -> Asked:
    """What the address of an empty form asks for: a title, perhaps one copy of it, or words."""
    return Asked(title=title, edition=edition, owner=owner, record=record, item=item)


Start = NamedDependency[Asked]


class AskPages(Controller):
    path = "/me/requests/new"
    include_in_schema = False
    dependencies = {"desk": Provide(desk_of), "start": Provide(beginning)}

    @get("/")
    async def show(self, request: Call, desk: AtDesk, start: Start) -> Response[str]:
        """An empty form: for a title of the catalogue, or for what no catalogue holds."""
        return await empty(request, desk, start)


class AskedPages(Controller):
    path = "/me/requests"
    include_in_schema = False
    dependencies = {"desk": Provide(desk_of)}

    @post("/", status_code=200)
    async def place(
        self, request: Call, desk: AtDesk, data: URLEncodedBody[Asked]
    ) -> Response[Any]:
        """Ask for a title; the list shows what comes next."""
        data.card, data.service = "", "Normal"
        done = await placed(request, desk, data)
        if isinstance(done, Response):
            return done
        path = f"/b/{desk.here.code}/me/loans?requested={done.request}"
        return Redirect(path, status_code=303)


class DeskAskPages(Controller):
    """The same form, with a field for the card of a reader of this branch."""

    path = "/lending/ask"
    include_in_schema = False
    dependencies = {"desk": Provide(desk_of), "start": Provide(beginning)}

    @get("/")
    async def show(self, request: Call, desk: AtDesk, start: Start) -> Response[str]:
        """The empty form; a handler of its own, as the table of rights names it."""
        return await empty(request, desk, start)

    @post("/", status_code=200)
    async def place(
        self, request: Call, desk: AtDesk, data: URLEncodedBody[Asked]
    ) -> Response[Any]:
        """Ask for whose card it is; the page of the request shows what comes next."""
        done = await placed(request, desk, data)
        if isinstance(done, Response):
            return done
        return Redirect(f"/b/{desk.here.code}/lending/requests/{done.request}", status_code=303)


async def empty(request: Call, desk: Desk, start: Asked) -> Response[str]:
    start.pickup = desk.here.code
    return await shown(request, desk, start)
