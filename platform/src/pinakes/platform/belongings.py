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
NAMED = 20  # of those that something is told of, by name

NOTHING = UUID(int=0)  # lies before every id

type Line = dict[str, Any]  # one row, as JSON has it


class Brought(Struct):
    """What became of lines that were brought in: read = new + updated + unchanged + left.

    ``left`` counts those left out, ``otherwise`` those that are in, but not as they were; both by
    reason. ``which`` names the first ones of each reason.
    """

    read: int = 0
    new: int = 0
    updated: int = 0
    unchanged: int = 0
    left: dict[str, int] = field(default_factory=dict[str, int])
    otherwise: dict[str, int] = field(default_factory=dict[str, int])
    which: dict[str, list[str]] = field(default_factory=dict[str, list[str]])

    def leave(self, reason: str, name: str) -> None:
        """A line stays out."""
        self.left[reason] = self.left.get(reason, 0) + 1
        self.name(reason, [name])

    def alter(self, reason: str, name: str) -> None:
        """A line comes in, but not as it was."""
        self.otherwise[reason] = self.otherwise.get(reason, 0) + 1
        self.name(reason, [name])

    def name(self, reason: str, names: Sequence[str]) -> None:
        known = self.which.setdefault(reason, [])
        known.extend(names[: NAMED - len(known)])

    def add(self, more: "Brought") -> None:
        """Count in what became of the next lines."""
        for count in ("read", "new", "updated", "unchanged"):
            setattr(self, count, getattr(self, count) + getattr(more, count))
        for mine, theirs in ((self.left, more.left), (self.otherwise, more.otherwise)):
            for reason, number in theirs.items():
                mine[reason] = mine.get(reason, 0) + number
        for reason, names in more.which.items():
            self.name(reason, names)


type Told = Callable[[AsyncSession, Sequence[Any]], Awaitable[Sequence[Line]]]


@dataclass(frozen=True, slots=True)
class Bring[T]:
    """How lines come in: what each of them is, and the verb.

    The verb is given the job and some lines, and may be given them again.
    """

    line: type[T]
    verb: Callable[[AsyncSession, UUID, Sequence[T]], Awaitable[Brought]]

    def read(self, lines: Iterable[Line]) -> list[T]:
        """The lines as the verb takes them, or msgspec.ValidationError."""
        return [msgspec.convert(line, self.line) for line in lines]


@dataclass(frozen=True, slots=True, kw_only=True)
class Belonging:
    """One file of the archive, a line of JSON for each row.

    *rows* are of one branch, *key* tells their order, and lies behind *first*. *told* says what is
    written of them: names that others know, too, never our own ids. Without *bring* the file is for
    reading only, for *reason* if there is more to say.
    """

    name: str
    zh: str
    en: str
    rows: Select[Any]
    key: Any
    told: Told
    first: Any = NOTHING
    bring: Bring[Any] | None = None
    reason: str = ""

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
