"""The copies of a title at one library, in the browser: to choose the one that is wanted."""

from typing import Annotated, Any
from uuid import UUID

from litestar import Controller, Request, Response, get
from litestar.params import FromPath, FromQuery, Parameter

from pinakes.federation.discovery import copies
from pinakes.federation.discovery.service import catalogue_of
from pinakes.platform.pages import here, page
from pinakes.platform.paging import After

SHOWN = 100  # at once

Code = Annotated[str, Parameter(max_length=40)]


class CopyPages(Controller):
    path = "/catalogue/{id:uuid}/copies"
    include_in_schema = False

    @get("/")
    async def show(
        self,
        request: Request[Any, Any, Any],
        id: FromPath[UUID],
        library: FromQuery[Code],
        after: FromQuery[After] = None,
    ) -> Response[str]:
        """What this library lends of it, each with a way to ask for it; volume 2 before 10."""
        catalogue = catalogue_of(request.app.state)
        found = await copies.some(catalogue, id, library, after=after, limit=SHOWN)
        hit = (await catalogue.edition(id, here(request))).hit
        return page(
            request,
            "discovery/copies.html",
            hit=hit,
            library=catalogue.directory.coded(library),
            copies=sorted(found.items, key=lambda one: one.place),
            next=found.next,
        )
