"""Books of ours that were left elsewhere and never came home: a list, until each is settled."""

from datetime import datetime
from typing import Any, Self
from uuid import UUID

from litestar import Controller, Response, get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect
from msgspec import Struct
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.federation.lending.astray import astray, settle
from pinakes.federation.lending.models import Transit
from pinakes.federation.lending.routes import KNOWN, Known
from pinakes.platform.directory import Directory
from pinakes.platform.http import Here, Session
from pinakes.platform.paging import After, Limit, Page, oldest


class AstrayView(Struct):
    """A book of this branch that never came home, and from which branch it was to come."""

    id: UUID
    barcode: str
    title: str
    left_at: str
    since: datetime  # it was left there
    missing_since: datetime

    @classmethod
    def of(cls, row: Transit, directory: Directory) -> Self:
        assert row.lost_at is not None  # noqa: S101  (see ``astray``)
        return cls(
            id=row.id,
            barcode=row.barcode,
            title=row.title,
            left_at=directory.ids[row.from_id].code,
            since=row.shipped_at,
            missing_since=row.lost_at,
        )


async def listed(
    session: AsyncSession, directory: Directory, after: str | None, limit: int
) -> Page[AstrayView]:
    """One page of them, the longest missing first; CursorMalformed."""
    return await oldest(
        session,
        astray(),
        Transit.id,
        lambda row: AstrayView.of(row, directory),
        after=after,
        limit=limit,
    )


class Astray(Controller):
    path = "/astray"
    tags = ("lending",)
    dependencies = KNOWN

    @get()
    async def list(
        self,
        directory: Known,
        session: Session,
        after: FromQuery[After] = None,
        limit: FromQuery[Limit] = 50,
    ) -> Page[AstrayView]:
        """Our books that were left elsewhere and never came home, the longest missing first."""
        return await listed(session, directory, after, limit)

    @post("/{id:uuid}/settle", status_code=204)
    async def settle(self, id: FromPath[UUID], session: Session) -> None:
        """The loss is settled: no list has it any more, unless it is found and lost once more."""
        await settle(session, id)


class AstrayPages(Controller):
    path = "/lending/astray"
    include_in_schema = False

    @post("/{id:uuid}/settle")
    async def settle(self, id: FromPath[UUID], session: Session, here: Here) -> Response[Any]:
        """The button beside it; the list tells what was done."""
        await settle(session, id)
        return Redirect(f"/b/{here.code}/lending/lost?settled={id}", status_code=303)
