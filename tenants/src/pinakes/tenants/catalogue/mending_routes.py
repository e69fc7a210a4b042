"""What was set aside, mended or discarded over HTTP."""

from typing import Annotated
from uuid import UUID

from litestar import Controller, get, post
from litestar.params import FromPath, FromQuery, JSONBody, Parameter

from pinakes.platform.http import Session
from pinakes.platform.replies import once
from pinakes.platform.words import whole
from pinakes.tenants.catalogue import mending
from pinakes.tenants.catalogue.mending import Mended, Mending, Piece
from pinakes.tenants.catalogue.schemas import QuarantinedView

Encoding = Annotated[str | None, Parameter(max_length=40, pattern=whole(r"[A-Za-z0-9_.-]*"))]


class Mendings(Controller):
    path = "/catalogue/quarantine/{id:uuid}"
    tags = ["catalogue"]

    @get("/text")
    async def show(
        self, id: FromPath[UUID], session: Session, encoding: FromQuery[Encoding] = None
    ) -> Piece:
        """A piece that was set aside as text, in a character set; and why it was."""
        return await mending.look(session, id, encoding or None)

    @post("/mend", status_code=200)
    @once
    async def mend(self, id: FromPath[UUID], data: JSONBody[Mending], session: Session) -> Mended:
        """Take a piece in after all: in another character set or dialect, or in other words."""
        return Mended((await mending.mend(session, id, data)).became)

    @post("/discard", status_code=200)
    @once
    async def discard(self, id: FromPath[UUID], session: Session) -> QuarantinedView:
        """Say that nobody wants a piece. Its bytes are kept, and it can still be mended."""
        return QuarantinedView.of(await mending.discard(session, id))
