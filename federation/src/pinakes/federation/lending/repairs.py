"""What a desk does about parties that disagree: let all say it again, or set the home right."""

from typing import Annotated
from uuid import UUID

from litestar import Controller, Response, post
from litestar.params import FromPath, JSONBody, URLEncodedBody
from litestar.response import Redirect
from msgspec import Meta, Struct
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.federation.lending import righting, views
from pinakes.federation.lending.service import NoSuchRequest
from pinakes.platform.http import Here, Session


class Standing(Struct, forbid_unknown_fields=True):
    """Where the home is to stand: one of the states that its view names as `rights`."""

    state: Annotated[str, Meta(max_length=40)]


class Repairs(Controller):
    path = "/requests"
    tags = ("lending",)

    @post("/{id:uuid}/repair", status_code=204)
    async def repair(self, id: FromPath[UUID], session: Session) -> None:
        """Let every party say again what it said last; what still differs stays in trouble."""
        await repaired(session, id)

    @post("/{id:uuid}/set-right", status_code=204)
    async def set_right(
        self, id: FromPath[UUID], data: JSONBody[Standing], session: Session
    ) -> None:
        """Let the home stand where it agrees with the others: no book moves, nobody is told."""
        await righting.set_right(session, id, data.state)


class RepairPages(Controller):
    path = "/lending/requests"
    include_in_schema = False

    @post("/{id:uuid}/repair")
    async def repair(self, id: FromPath[UUID], session: Session, here: Here) -> Response[None]:
        """The same, from the page of the request; and back there."""
        await repaired(session, id)
        return back(here.code, id)

    @post("/{id:uuid}/set-right")
    async def set_right(
        self, id: FromPath[UUID], data: URLEncodedBody[Standing], session: Session, here: Here
    ) -> Response[None]:
        """The same, from the page of the request; and back there."""
        await righting.set_right(session, id, data.state)
        return back(here.code, id)


async def repaired(session: AsyncSession, request: UUID) -> None:
    if not await views.repair(session, request):
        raise NoSuchRequest("This branch has placed no such request: ask its home to repair it.")


def back(code: str, request: UUID) -> Response[None]:
    return Redirect(f"/b/{code}/lending/requests/{request}", status_code=303)
