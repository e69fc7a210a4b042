"""Parcels that have left here and are on their way: what is laid on top of each."""

from collections.abc import Sequence
from typing import Annotated, Any

from litestar import Controller, Request, Response, get
from litestar.params import FromPath, Parameter
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.federation.lending.models import Transit
from pinakes.platform.directory import Directory, Tenant
from pinakes.platform.errors import NotFound
from pinakes.platform.http import Here, Session
from pinakes.platform.language import later
from pinakes.platform.pages import page

MOST = 200
Word = Annotated[str, Parameter(max_length=40)]


class NoSuchParcel(NotFound):
    code = "no_such_parcel"
    title = "No parcel with this number has left here"


class ParcelPages(Controller):
    path = "/lending/parcels"
    include_in_schema = False

    @get("/{number:str}")
    async def show(
        self, number: FromPath[Word], request: Request[Any, Any, Any], session: Session, here: Here
    ) -> Response[str]:
        """What is laid on top: what is in the parcel, and where it goes."""
        books = await sent_in(session, here, number)
        directory: Directory = request.app.state.directory
        receiver = directory.ids[books[0].to_id]
        return page(request, "lending/parcel.html", number=number, books=books, receiver=receiver)


async def sent_in(session: AsyncSession, here: Tenant, number: str) -> Sequence[Transit]:
    """The books that left this branch in a parcel, or NoSuchParcel."""
    rows = select(Transit).where(Transit.parcel == number, Transit.from_id == here.id)
    books = (await session.scalars(rows.order_by(Transit.id).limit(MOST))).all()
    if not books:
        raise NoSuchParcel(later("Say its number when you send the books."))
    return books
