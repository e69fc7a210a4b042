"""Parcels that have left here and are on their way: a list of them, and what is laid on top."""

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from typing import Annotated, Any, NamedTuple

from litestar import Controller, Request, Response, get
from litestar.params import FromQuery, Parameter
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.federation.lending.models import Transit
from pinakes.platform.directory import Directory
from pinakes.platform.errors import NotFound
from pinakes.platform.http import Session
from pinakes.platform.language import later
from pinakes.platform.pages import page

MOST, FEW = 200, 50  # books of one number, and parcels of a list
OPEN = (Transit.received_at.is_(None), Transit.lost_at.is_(None))
Word = Annotated[str, Parameter(max_length=40)]


class NoSuchParcel(NotFound):
    code = "no_such_parcel"
    title = "No parcel with this number is on its way from here"


class OnItsWay(NamedTuple):
    """A parcel, by its number, to whom it goes (a branch's id), how many books, and since when."""

    number: str
    to: int
    books: int
    sent: datetime


class ParcelPages(Controller):
    path = "/lending/parcels"
    include_in_schema = False

    @get("/")
    async def show(
        self, number: FromQuery[Word], request: Request[Any, Any, Any], session: Session
    ) -> Response[str]:
        """What is laid on top: what is in the parcel, and where it goes; one page a receiver.

        The number is no part of the path: in it "/" and ".." would mean something else.
        """
        books = await sent_in(session, number)
        directory: Directory = request.app.state.directory
        parcels = [
            (directory.ids[to], list(some)) for to, some in groupby(books, attrgetter("to_id"))
        ]
        return page(request, "lending/parcel.html", number=number, parcels=parcels)


async def sent_in(session: AsyncSession, number: str) -> Sequence[Transit]:
    """The books on their way from here under this number, by receiver; or NoSuchParcel."""
    ours = (Transit.parcel == number, Transit.from_id == session.info["tenant"], *OPEN)
    rows = select(Transit).where(*ours).order_by(Transit.to_id, Transit.id)
    books = (await session.scalars(rows.limit(MOST))).all()
    if not books:
        raise NoSuchParcel(later("Say its number when you send the books."))
    return books


async def on_their_way(session: AsyncSession) -> list[OnItsWay]:
    """Parcels that left here and have not arrived, the last one first."""
    sent = func.max(Transit.shipped_at)
    rows = (
        select(Transit.parcel, Transit.to_id, func.count(), sent)
        .where(Transit.parcel.is_not(None), Transit.from_id == session.info["tenant"], *OPEN)
        .group_by(Transit.parcel, Transit.to_id)
        .order_by(sent.desc(), Transit.parcel)
        .limit(FEW)
    )
    found = await session.execute(rows)
    return [OnItsWay(number or "", to, books, last) for number, to, books, last in found]
