"""The buttons on a title's page with which a cataloguer splits and joins."""

import re
from typing import Annotated, Any
from uuid import UUID

from litestar import Controller, Request, Response, post
from litestar.params import FromPath, URLEncodedBody
from msgspec import Meta, Struct

from pinakes.federation.discovery import choosing
from pinakes.platform.errors import BadRequest
from pinakes.platform.http import Session
from pinakes.platform.language import later
from pinakes.platform.pages import page

UUID_LIKE = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


class NoTitleNamed(BadRequest):
    code = "no_title_named"
    title = "This is the address of no title"


class Form(Struct):
    """What the buttons send: the branch's record, and perhaps another title's address."""

    record: UUID
    title: Annotated[str, Meta(max_length=300)] = ""


Call = Request[Any, Any, Any]
Sent = URLEncodedBody[Form]


class TitlePages(Controller):
    path = "/catalogue/{id:uuid}"
    include_in_schema = False

    @post("/split", status_code=200)
    async def split(self, request: Call, data: Sent, session: Session) -> Response[str]:
        """Our record becomes a title of its own."""
        return placed(request, await choosing.split(session, data.record))

    @post("/join", status_code=200)
    async def join(self, request: Call, data: Sent, session: Session) -> Response[str]:
        """Our record becomes one with another title."""
        found = UUID_LIKE.search(data.title)
        if found is None:
            raise NoTitleNamed(
                later("Copy the address of the other title's page, and paste it whole.")
            )
        return placed(request, await choosing.join(session, data.record, UUID(found[0])))

    @post("/release", status_code=200)
    async def release(
        self, request: Call, id: FromPath[UUID], data: Sent, session: Session
    ) -> Response[str]:
        """The rules say again where our record belongs."""
        await choosing.release(session, data.record)
        return placed(request, id)


def placed(request: Call, edition: UUID) -> Response[str]:
    """It is done, and will be seen in a moment."""
    return page(request, "discovery/placed.html", edition=edition)
