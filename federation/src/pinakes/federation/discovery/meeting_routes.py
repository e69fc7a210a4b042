"""Whether a record is one with a title of others: decided over HTTP, undone as easily."""

from uuid import UUID

from litestar import Controller, delete, post, put
from litestar.params import FromPath, JSONBody
from msgspec import Struct

from pinakes.federation.discovery import choosing
from pinakes.federation.discovery.schemas import Placement
from pinakes.platform.http import Session


class TitleWish(Struct, forbid_unknown_fields=True):
    """The title that a record shall be one with."""

    edition: UUID


class Meetings(Controller):
    path = "/catalogue/records/{id:uuid}"
    tags = ["search"]

    @post("/split", status_code=200)
    async def split(self, id: FromPath[UUID], session: Session) -> Placement:
        """Give a record of this branch a title of its own; a second time changes nothing."""
        return Placement(id, await choosing.split(session, id))

    @put("/title")
    async def join(
        self, id: FromPath[UUID], data: JSONBody[TitleWish], session: Session
    ) -> Placement:
        """Let a record of this branch be one with a title, whatever the rules say."""
        return Placement(id, await choosing.join(session, id, data.edition))

    @delete("/title")
    async def release(self, id: FromPath[UUID], session: Session) -> None:
        """Take the decision back: the rules say again where the record belongs."""
        await choosing.release(session, id)
