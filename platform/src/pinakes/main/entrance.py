"""The first pages: choose a library, or begin at one."""

from collections.abc import Iterable
from typing import Annotated, Any

from litestar import Controller, Request, Response, get
from litestar.params import FromQuery, Parameter

from pinakes.platform.directory import Directory, Tenant, named
from pinakes.platform.feature import Feature
from pinakes.platform.http import Here
from pinakes.platform.pages import Asked, Statics, page

MOST = 60  # libraries listed at once; the rest are found by name

Wanted = Annotated[str, Parameter(max_length=100)]


class Entrance(Controller):
    include_in_schema = False

    @get("/")
    async def show(
        self, request: Request[Any, Any, Any], library: FromQuery[Wanted] = ""
    ) -> Response[str]:
        """A search over all libraries, and a way into each of them."""
        tenants = open_ones(request)
        found = named(tenants, library) if library.strip() else outline(tenants)
        return page(
            request,
            "main/home.html",
            library=library,
            branches=found[:MOST],
            more=len(found) - MOST,
        )


class BranchHome(Controller):
    include_in_schema = False

    @get("/")
    async def show(self, request: Request[Any, Any, Any], here: Here) -> Response[str]:
        """One library: its search, where it stands in the tree, and what is below it."""
        tenants = open_ones(request)
        trail = [tenant for tenant in tenants if tenant.id in here.path[:-1]]
        return page(
            request,
            "main/branch.html",
            trail=sorted(trail, key=lambda tenant: len(tenant.path)),
            branches=below(tenants, [here]),
        )


def open_ones(request: Asked) -> list[Tenant]:
    """Every active library."""
    directory: Directory = request.app.state.directory
    return [tenant for tenant in directory.ids.values() if tenant.state == "active"]


def outline(tenants: list[Tenant]) -> list[Tenant]:
    """The tree from its roots down; of a large one the two uppermost levels."""
    if len(tenants) <= MOST:
        return sorted(tenants, key=lambda tenant: (len(tenant.path), tenant.code))
    roots = [tenant for tenant in tenants if len(tenant.path) == 1]
    return roots + below(tenants, roots)


def below(tenants: Iterable[Tenant], parents: Iterable[Tenant]) -> list[Tenant]:
    """The libraries directly under *parents*."""
    ids = {parent.id for parent in parents}
    children = [tenant for tenant in tenants if ids & set(tenant.path[-2:-1])]
    return sorted(children, key=by_code)


def by_code(tenant: Tenant) -> str:
    return tenant.code


feature = Feature(
    name="main", entrance=[Entrance, Statics], pages=[BranchHome], templates="pinakes.main"
)
