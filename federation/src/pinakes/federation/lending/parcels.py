"""Parcels that have left here and are on their way: a list of them, and what is laid on top."""

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from typing import Annotated, Any, NamedTuple

from litestar import Controller, Request, Response, get
from litestar.params import FromQuery, Parameter
from sqlalchemy import Row, Subquery, func, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.federation.lending.models import Arrival, Transit
from pinakes.federation.lending.worklists import LATELY
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


def packed(here: int) -> Subquery:
    """The books in parcels that left here: of requests, and those that were left with us."""
    ways = select(
        Transit.id, Transit.parcel, Transit.to_id, Transit.barcode, Transit.title,
        Transit.shipped_at,
    ).where(Transit.parcel.is_not(None), Transit.from_id == here, *OPEN)  # fmt: skip
    to = func.coalesce(Arrival.send_to, Arrival.owner_id)
    left = select(
        Arrival.id, Arrival.parcel, to, Arrival.barcode, Arrival.title, Arrival.created_at
    ).where(Arrival.parcel.is_not(None), to != here, LATELY)
    return union_all(ways, left).subquery()


async def sent_in(session: AsyncSession, number: str) -> Sequence[Row[Any]]:
    """The books on their way from here under this number, by receiver; or NoSuchParcel."""
    books = packed(session.info["tenant"])
    rows = select(books).where(books.c.parcel == number).order_by(books.c.to_id, books.c.id)
    found = (await session.execute(rows.limit(MOST))).all()
    if not found:
        raise NoSuchParcel(later("Say its number when you send the books."))
    return found


async def on_their_way(session: AsyncSession) -> list[OnItsWay]:
    """Parcels that left here and have not arrived, the last one first."""
    books = packed(session.info["tenant"])
    sent = func.max(books.c.shipped_at)
    rows = (
        select(books.c.parcel, books.c.to_id, func.count(), sent)
        .group_by(books.c.parcel, books.c.to_id)
        .order_by(sent.desc(), books.c.parcel)
        .limit(FEW)
    )
    return [OnItsWay(*row) for row in await session.execute(rows)]
