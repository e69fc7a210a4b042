"""An import stopped, or taken back, from its page; and what stays of it."""

from typing import Any
from uuid import UUID

from litestar import Controller, Request, Response, get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from pinakes.platform import jobs
from pinakes.platform.http import Session
from pinakes.platform.language import later
from pinakes.platform.pages import page, root
from pinakes.platform.paging import After, newest
from pinakes.tenants.catalogue import keeping, service
from pinakes.tenants.catalogue.models import Kept

SOME = 50
KINDS = {"record": later("Record"), "authority": later("Heading"), "item": later("Copy")}

Call = Request[Any, Any, Any]


class EndingPages(Controller):
    path = "/cataloguing"
    include_in_schema = False

    @post("/imports/{id:uuid}/cancel")
    async def cancel(self, request: Call, id: FromPath[UUID], session: Session) -> Redirect:
        """Stop the import after its present portion; what is in stays."""
        await service.imported(session, id)
        await jobs.cancel(session, id)
        return Redirect(f"{root(request)}/cataloguing/imports/{id}", status_code=303)

    @post("/imports/{id:uuid}/undo")
    async def undo(self, request: Call, id: FromPath[UUID], session: Session) -> Redirect:
        """Take the whole import back."""
        await service.start_undo(session, id)
        return Redirect(f"{root(request)}/cataloguing/imports/{id}", status_code=303)

    @get("/undos/{id:uuid}")
    async def kept(
        self, request: Call, id: FromPath[UUID], session: Session, after: FromQuery[After] = None
    ) -> Response[str]:
        """What taking an import back has left as it is, and why."""
        job, rows = await service.undone(session, id), service.kept(id)
        found = await newest(session, rows, Kept.id, lambda one: one, after=after, limit=SOME)
        stayed = await keeping.views(session, found.items)
        return page(
            request, "catalogue/kept.html", job=job, stayed=stayed, next=found.next, kinds=KINDS
        )
