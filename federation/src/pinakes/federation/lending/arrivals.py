"""Books of other branches that readers leave here: a list, and the slips laid into them."""

from datetime import datetime
from typing import Any, Self
from uuid import UUID

from litestar import Controller, Request, Response, get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect
from msgspec import Struct

from pinakes.federation.lending.finder import put_away
from pinakes.federation.lending.models import Arrival
from pinakes.federation.lending.routes import KNOWN, Known
from pinakes.federation.lending.wording import WHYS
from pinakes.federation.lending.worklists import strangers
from pinakes.platform.directory import Directory
from pinakes.platform.errors import NotFound
from pinakes.platform.http import Here, Session
from pinakes.platform.language import later
from pinakes.platform.pages import page
from pinakes.platform.paging import After, Limit, Page, newest


class NowhereToSend(NotFound):
    code = "nowhere_to_send"
    title = "No book that was left here under this number is to be sent anywhere"


class ArrivalView(Struct):
    """A book that was left here, where it goes, and by which rule; see ``holds.rules.ROUTES``."""

    id: UUID
    barcode: str
    title: str | None
    state: str  # asked: its owner has not answered; known; unknown: nobody has such a book
    owner: str | None
    send_to: str | None  # may be this branch
    rule: str | None
    parcel: str | None  # in which it goes
    at: datetime

    @classmethod
    def of(cls, row: Arrival, directory: Directory) -> Self:
        owner, there = [
            directory.ids[id].code if id is not None else None for id in (row.owner_id, row.send_to)
        ]
        return cls(
            id=row.id,
            barcode=row.barcode,
            title=row.title,
            state=row.state,
            owner=owner,
            send_to=there,
            rule=row.rule,
            parcel=row.parcel,
            at=row.created_at,
        )


class Arrivals(Controller):
    path = "/arrivals"
    tags = ("lending",)
    dependencies = KNOWN

    @get()
    async def list(
        self,
        directory: Known,
        session: Session,
        after: FromQuery[After] = None,
        limit: FromQuery[Limit] = 50,
    ) -> Page[ArrivalView]:
        """What was left here in the last thirty days, newest first."""
        return await newest(
            session,
            strangers(),
            Arrival.id,
            lambda row: ArrivalView.of(row, directory),
            after=after,
            limit=limit,
        )

    @post("/{id:uuid}/done", status_code=204)
    async def done(self, id: FromPath[UUID], session: Session) -> None:
        """It has been sent, or put away: no list has it any more."""
        await put_away(session, id)


class ArrivalPages(Controller):
    path = "/lending/arrivals"
    include_in_schema = False

    @get("/{id:uuid}")
    async def slip(
        self, id: FromPath[UUID], request: Request[Any, Any, Any], session: Session, here: Here
    ) -> Response[str]:
        """What is laid into the book, once its owner has said where it goes."""
        row = await session.get(Arrival, (here.id, id))
        if row is None or row.send_to is None or row.send_to == here.id:
            raise NowhereToSend(later("Its owner may not have answered yet."))
        directory: Directory = request.app.state.directory
        receiver = directory.ids[row.send_to]
        return page(request, "lending/arrival.html", row=row, receiver=receiver, whys=WHYS)

    @post("/{id:uuid}/done")
    async def done(self, id: FromPath[UUID], session: Session, here: Here) -> Response[Any]:
        """The button beside it; the list tells what was done."""
        await put_away(session, id)
        return Redirect(f"/b/{here.code}/lending/problem?left={id}", status_code=303)
