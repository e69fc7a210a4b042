"""Mistakes in records on pages: a reader reports one, a cataloguer answers."""

from typing import Any
from uuid import UUID

from litestar import Controller, Request, Response, get, post
from litestar.params import FromPath, FromQuery, URLEncodedBody
from litestar.response import Redirect

from pinakes.platform.http import Asker, Session
from pinakes.platform.pages import page, root
from pinakes.platform.paging import After, newest
from pinakes.tenants.catalogue import mistakes
from pinakes.tenants.catalogue.mistake_routes import Answer, Report, reported, views
from pinakes.tenants.catalogue.models import Mistake, MistakeState

FEW = 20

Call = Request[Any, Any, Any]


class MistakePages(Controller):
    include_in_schema = False

    @post("/mistakes/{id:uuid}", status_code=200)
    async def report(
        self,
        request: Call,
        id: FromPath[UUID],
        session: Session,
        asker: Asker,
        data: URLEncodedBody[Report],
    ) -> Response[str]:
        """Take down what a reader says, and thank."""
        await reported(request.app.state, session, asker, id, data.words)
        return page(request, "catalogue/thanks.html")

    @get("/cataloguing/mistakes")
    async def list(
        self, request: Call, session: Session, after: FromQuery[After] = None
    ) -> Response[str]:
        """What readers have reported and nobody has answered yet."""
        rows = mistakes.listed(answered=False)
        found = await newest(session, rows, Mistake.id, lambda one: one, after=after, limit=FEW)
        told = await views(session, found.items)
        return page(request, "catalogue/mistakes.html", mistakes=told, next=found.next)

    @post("/cataloguing/mistakes/{id:uuid}")
    async def answer(
        self, request: Call, id: FromPath[UUID], session: Session, data: URLEncodedBody[Answer]
    ) -> Redirect:
        """Answer one of them."""
        await mistakes.answer(session, id, MistakeState(data.state), data.words)
        return Redirect(f"{root(request)}/cataloguing/mistakes", status_code=303)
