"""Branches over HTTP: for the operator, for the administrator of their parent, for everybody."""

from typing import Annotated, Literal
from urllib.parse import urlsplit

from litestar import Controller, Request, Response, get, patch, post
from litestar.datastructures import State
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, FromQuery, JSONBody, Parameter
from msgspec import UNSET

from pinakes.platform.config import Settings
from pinakes.platform.db import Database, public_work, unit_of_work
from pinakes.platform.directory import Directory, Tenant
from pinakes.platform.doors import Doors
from pinakes.platform.http import Asker, Data, Here
from pinakes.platform.identity import Principal
from pinakes.platform.paging import Page
from pinakes.tenants.registry import service
from pinakes.tenants.registry.changing import change_branch
from pinakes.tenants.registry.machine import Action
from pinakes.tenants.registry.onboarding import onboard, progress
from pinakes.tenants.registry.schemas import (
    BranchView,
    ChangedBranch,
    ChildBranch,
    MovedIn,
    NewBranch,
    Progress,
)
from pinakes.tenants.registry.steps import name_organization
from pinakes.tenants.registry.tree import HostTaken, under

Wish = Literal["suspend", "resume", "leave", "close"]
Asked = Request[object, object, State]
Many = Annotated[int, Parameter(ge=1, le=service.MOST)]
Behind = Annotated[str, Parameter(max_length=40)]


async def opened(request: Asked, database: Data) -> Doors:
    """The doors of this process."""
    state = request.app.state
    return Doors(database, state["objects"], state["accounts"])


Opened = NamedDependency[Doors]
OPENED = {"doors": Provide(opened)}


async def move_in(
    request: Asked, doors: Doors, asker: Principal, wish: NewBranch
) -> Response[MovedIn]:
    """201 for a branch that has now moved in, 200 for one that was there."""
    refuse_our_host(request, wish.host)
    told = await onboard(doors, asker, wish)
    await look_again(request, doors.database)
    return Response(told, status_code=200 if told.result == "unchanged" else 201)


async def look_again(request: Asked, database: Database) -> None:
    """Let this process know of the change at once; others hear of it within a second."""
    directory: Directory = request.app.state["directory"]
    await directory.refresh(database.app)


def refuse_our_host(request: Asked, host: str | None) -> None:
    """Raise HostTaken for the site's own host: everybody else would lose the site to one branch."""
    settings: Settings = request.app.state["settings"]
    if host is not None and host == urlsplit(settings.address).hostname:
        raise HostTaken(f"The site itself answers at {host}.")


async def refuse_closed(database: Database, here: Tenant) -> None:
    """Nobody acts from a branch that is not active; no connection is kept for it."""
    async with unit_of_work(database.app, here.id):
        pass


class Tenants(Controller):
    path = "/tenants"
    tags = ("branches",)
    dependencies = OPENED

    @post()
    async def create(
        self,
        request: Asked,
        data: JSONBody[NewBranch],
        doors: Opened,
        asker: Asker,
    ) -> Response[MovedIn]:
        """Let a branch move in. Asking again is safe, and finishes the rest."""
        return await move_in(request, doors, asker, data)

    @get("/{code:str}")
    async def show(self, code: FromPath[str], database: Data) -> Progress:
        """Where a branch stands, and what it has behind it of moving in."""
        return await progress(database, await service.found(database, code))

    @patch("/{code:str}")
    async def change(
        self,
        request: Asked,
        code: FromPath[str],
        data: JSONBody[ChangedBranch],
        asker: Asker,
        database: Data,
    ) -> Progress:
        """Rename a branch, or give it another host, zone or place in the tree."""
        id = (await service.found(database, code)).id
        refuse_our_host(request, data.host or None)
        async with service.change(
            database, asker, id, "tenants.change", subject=id, closed_too=True
        ) as public:
            row = await change_branch(public, id, data)
        await look_again(request, database)
        if data.name_zh is not UNSET or data.name_en is not UNSET:
            await name_organization(request.app.state["accounts"], row)
        return await progress(database, row)

    @post("/{code:str}/{action:str}", status_code=200)
    async def act(
        self,
        request: Asked,
        code: FromPath[str],
        action: FromPath[Wish],
        asker: Asker,
        database: Data,
    ) -> Progress:
        """Suspend a branch, let it resume, let it leave, close it for ever."""
        row = await service.found(database, code)
        row = await service.act(database, asker, row.id, Action(action))
        await look_again(request, database)
        return await progress(database, row)


class Below(Controller):
    path = "/branches"
    tags = ("branches",)
    dependencies = OPENED

    @post()
    async def create(
        self,
        request: Asked,
        data: JSONBody[ChildBranch],
        doors: Opened,
        asker: Asker,
        here: Here,
    ) -> Response[MovedIn]:
        """Let a branch move in below this one. Asking again is safe, and finishes the rest."""
        await refuse_closed(doors.database, here)
        return await move_in(request, doors, asker, NewBranch.below(here.code, data))

    @get("/{code:str}")
    async def show(self, code: FromPath[str], here: Here, database: Data) -> Progress:
        """Where a branch below this one stands."""
        await refuse_closed(database, here)
        return await progress(database, await service.found(database, code, here.id))

    @post("/{code:str}/{action:str}", status_code=200)
    async def act(
        self,
        request: Asked,
        code: FromPath[str],
        action: FromPath[Wish],
        here: Here,
        asker: Asker,
        database: Data,
    ) -> Progress:
        """Suspend a branch below this one, let it resume, let it leave, close it for ever."""
        await refuse_closed(database, here)
        row = await service.found(database, code, here.id)
        row = await service.act(database, asker, row.id, Action(action))
        await look_again(request, database)
        return await progress(database, row)


class Branches(Controller):
    path = "/branches"
    tags = ("branches",)

    @get()
    async def list(
        self,
        database: Data,
        below: FromQuery[Behind | None] = None,
        after: FromQuery[Behind] = "",
        limit: FromQuery[Many] = 1000,
    ) -> Page[BranchView]:
        """The public directory, by code: all branches, or those below one."""
        async with public_work(database.app) as session:
            where = [service.shown()]
            if below is not None:
                where.append(under((await service.coded(session, below)).id))
            rows = [*await service.listed(session, *where, after=after, limit=limit + 1)]
        return Page(rows[:limit], rows[limit - 1].code if len(rows) > limit else None)
