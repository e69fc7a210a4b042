"""One record of the branch on its cataloguer's page: hidden, shown, out of stock and back."""

from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from litestar import Controller, Request, Response, get, post
from litestar.params import FromPath, FromQuery, Parameter, URLEncodedBody
from litestar.response import Redirect
from msgspec import Struct

from pinakes.platform.http import Session
from pinakes.platform.pages import page, root
from pinakes.tenants.catalogue import service
from pinakes.tenants.catalogue.service import record_view, suppress
from pinakes.tenants.catalogue.withdrawing import known_as, withdraw
from pinakes.tenants.items import listing

FEW = 20

Call = Request[Any, Any, Any]
Number = Annotated[str, Parameter(max_length=100)]


class Act(StrEnum):
    """What a button does with a record."""

    HIDE = "hide"
    SHOW = "show"
    WITHDRAW = "withdraw"
    RESTORE = "restore"


ACTS = {
    Act.HIDE: (suppress, True),
    Act.SHOW: (suppress, False),
    Act.WITHDRAW: (withdraw, True),
    Act.RESTORE: (withdraw, False),
}


class Pressed(Struct):
    """The button."""

    act: Act


class RecordPages(Controller):
    path = "/cataloguing/records"
    include_in_schema = False

    @get("/")
    async def find(
        self, request: Call, session: Session, number: FromQuery[Number] = ""
    ) -> Response[Any]:
        """The record of this control number or id; those of several agencies, to choose from."""
        said = number.strip()
        rows = await session.scalars(known_as(said).limit(FEW)) if said else ()
        found = [record_view(row) for row in rows]
        if len(found) == 1:
            address = f"{root(request)}/cataloguing/records/{found[0].id}"
            return Redirect(address, status_code=303)
        return page(request, "catalogue/records.html", number=said, found=found)

    @get("/{id:uuid}")
    async def show(self, request: Call, id: FromPath[UUID], session: Session) -> Response[str]:
        """Who sees the record, and what can be done about that."""
        record = record_view(await service.find(session, id))
        copies = await listing.in_stock(session, id)
        return page(request, "catalogue/record.html", record=record, copies=copies, acts=Act)

    @post("/{id:uuid}")
    async def act(
        self, request: Call, id: FromPath[UUID], session: Session, data: URLEncodedBody[Pressed]
    ) -> Redirect:
        """Hide or show it, take it out of stock or back in."""
        verb, wish = ACTS[data.act]
        await verb(session, id, wish)
        return Redirect(f"{root(request)}/cataloguing/records/{id}", status_code=303)
