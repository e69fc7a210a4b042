"""Keyset pagination: ``{"items": […], "next": cursor|null}``."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from collections.abc import Callable, Sequence
from typing import Annotated, Any
from uuid import UUID

from litestar.params import Parameter
from msgspec import Struct
from sqlalchemy import Select
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.platform.errors import BadRequest

MOST = 200

Limit = Annotated[int, Parameter(ge=1, le=MOST)]
After = Annotated[str | None, Parameter(max_length=100)]


class CursorMalformed(BadRequest):
    code = "cursor_malformed"
    title = "This cursor was not made here"


class Page[T](Struct):
    """Some items, and where the next ones begin (null: these were the last)."""

    items: list[T]
    next: str | None = None


def cursor(id: UUID) -> str:
    """A cursor that stands behind the row *id*; of no use in another tenant."""
    return urlsafe_b64encode(id.bytes).decode().rstrip("=")


def behind(after: str) -> UUID:
    """The row that a cursor stands behind, or CursorMalformed."""
    try:
        return UUID(bytes=urlsafe_b64decode(after + "=="))
    except (Error, ValueError) as error:
        raise CursorMalformed("Use the `next` of the page before, unchanged.") from error


async def newest[T](
    session: AsyncSession,
    rows: Select[Any],
    id: Any,
    view: Callable[[Any], T],
    *,
    after: str | None,
    limit: int,
) -> Page[T]:
    """One page of *rows*, newest *id* first: stable while rows are added."""
    if after is not None:
        rows = rows.where(id < behind(after))
    return await cut(session, rows.order_by(id.desc()), view, limit)


async def oldest[T](
    session: AsyncSession,
    rows: Select[Any],
    id: Any,
    view: Callable[[Any], T],
    *,
    after: str | None,
    limit: int,
) -> Page[T]:
    """The same, oldest *id* first: for work, of which the longest waiting is done first."""
    if after is not None:
        rows = rows.where(id > behind(after))
    return await cut(session, rows.order_by(id), view, limit)


async def cut[T](
    session: AsyncSession, rows: Select[Any], view: Callable[[Any], T], limit: int
) -> Page[T]:
    """The first *limit* of ordered *rows*, and the cursor behind them if there are more."""
    found: Sequence[Any] = (await session.scalars(rows.limit(limit + 1))).all()
    shown = found[:limit]
    more = len(found) > len(shown)
    return Page([view(row) for row in shown], cursor(shown[-1].id) if more and shown else None)
