"""What a branch takes along beside its records, and what of it comes in elsewhere again."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import msgspec
from msgspec import Struct, field
from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession

AT_ONCE = 500  # rows of one transaction, on either way

NOTHING = UUID(int=0)  # lies before every id

type Line = dict[str, Any]  # one row, as JSON has it


class Brought(Struct):
    """What became of lines that were brought in; ``left`` counts those left out, by reason."""

    read: int = 0
    changed: int = 0
    left: dict[str, int] = field(default_factory=dict[str, int])

    def leave(self, reason: str) -> None:
        self.left[reason] = self.left.get(reason, 0) + 1


type Told = Callable[[AsyncSession, Sequence[Any]], Awaitable[Sequence[Line]]]
type Bring = Callable[[AsyncSession, UUID, Sequence[Line]], Awaitable[Brought]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Belonging:
    """One file of the archive, a line of JSON for each row.

    *rows* are of one branch, *key* tells their order, and lies behind *first*. *told* says what is
    written of them: names that others know, too, never our own ids. *bring* is given the job and
    some lines, and may be given them again; without it the file is for reading only.
    """

    name: str
    zh: str
    en: str
    rows: Select[Any]
    key: Any
    told: Told
    first: Any = NOTHING
    bring: Bring | None = None

    async def count(self, session: AsyncSession) -> int:
        """How many rows there are."""
        rows = self.rows.with_only_columns(self.key).order_by(None).subquery()
        return await session.scalar(select(func.count()).select_from(rows)) or 0

    async def after(self, session: AsyncSession, last: Any) -> tuple[bytes, int, Any]:
        """The next rows behind *last*, written; how many; and the last one's key."""
        wanted = self.rows.where(self.key > last).order_by(self.key).limit(AT_ONCE)
        found = (await session.scalars(wanted)).all()
        if not found:
            return b"", 0, last
        lines = await self.told(session, found)
        return written(lines), len(found), getattr(found[-1], self.key.key)


def written(lines: Iterable[Line]) -> bytes:
    """JSON, one object a line."""
    return b"".join(msgspec.json.encode(line) + b"\n" for line in lines)


def plain(row: Any, *names: str) -> Line:
    """These columns of a row by their own names."""
    return {name: getattr(row, name) for name in names}
