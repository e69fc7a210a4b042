"""Which title of the catalogue a reader means: looked for, and said, by the staff of the home."""

from typing import Annotated, Any
from uuid import UUID

from litestar import Controller, Request, Response, get, post
from litestar.params import FromPath, FromQuery, Parameter, URLEncodedBody
from litestar.response import Redirect
from msgspec import Struct
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.federation.discovery.query import Query
from pinakes.federation.discovery.service import catalogue_of
from pinakes.federation.lending import looking, service
from pinakes.platform.directory import Tenant
from pinakes.platform.errors import Problem
from pinakes.platform.http import Here, Session, describe
from pinakes.platform.pages import page

SHOWN = 10

Words = Annotated[str | None, Parameter(max_length=500)]
Call = Request[Any, Any, Any]


class Meant(Struct):
    """The title that it is, and the words that found it."""

    edition: UUID
    q: str = ""


class MeantPages(Controller):
    path = "/lending/requests/{id:uuid}/title"
    include_in_schema = False

    @get("/")
    async def show(
        self,
        id: FromPath[UUID],
        request: Call,
        session: Session,
        here: Here,
        q: FromQuery[Words] = None,
    ) -> Response[str]:
        """What all libraries hold under these words; at first, under the reader's own."""
        return await shown(request, session, here, id, q)

    @post("/", status_code=200)
    async def choose(
        self,
        id: FromPath[UUID],
        request: Call,
        session: Session,
        here: Here,
        data: URLEncodedBody[Meant],
    ) -> Response[Any]:
        """It is this one: from now on a request like any other."""
        try:
            async with session.begin_nested():
                await service.describe(session, id, data.edition)
        except Problem as problem:
            return await shown(request, session, here, id, data.q, problem=problem)
        request.app.state.waker.wake()
        return Redirect(f"/b/{here.code}/lending/requests/{id}", status_code=303)


async def shown(
    request: Call,
    session: AsyncSession,
    here: Tenant,
    id: UUID,
    words: str | None,
    *,
    problem: Problem | None = None,
) -> Response[str]:
    """Titles that it may be; or NoSuchRequest where no reader of ours asks for it."""
    wish = (await looking.whole(session, request.app.state.directory, id)).request
    if wish is None:
        raise service.NoSuchRequest("The reader's home looks for the title.")
    catalogue = catalogue_of(request.app.state)
    text = (wish.title if words is None else words).strip()
    query = Query(within=catalogue.consortium(here), text=text, limit=SHOWN)
    return page(
        request,
        "lending/meant.html",
        status=problem.status if problem else 200,
        wish=wish,
        words=text,
        found=await catalogue.search(query, here) if text else None,
        near=here,
        problem=describe(problem) if problem else None,
    )
