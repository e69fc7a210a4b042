"""The readers of a branch as a table, in the columns that an import takes; never a PIN."""

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.platform.audit import note
from pinakes.platform.spreadsheet import BOM, lines
from pinakes.tenants.readers.machine import CardState
from pinakes.tenants.readers.models import Card, Kind, Reader

COLUMNS = ("card", "name", "kind", "born", "contact", "old_barcodes", "expires")
BY_TABLE = "Readers come in by an import of readers.csv, which judges each line."
ASKED_ANEW = "Readers say this anew to the branch that takes them in."
AT_ONCE = 1000  # readers of one transaction

type Opened = Callable[[], AbstractAsyncContextManager[AsyncSession]]


def begin(session: AsyncSession) -> None:
    """Write down who takes the readers' data out."""
    note(session, "readers.export")


async def table(opened: Opened) -> AsyncGenerator[tuple[bytes, int]]:
    """A table with a line for each reader whose home this is, portion by portion.

    *opened* begins a transaction in the branch, one for each portion; with its bytes each tells
    how many readers there were until now.
    """
    count, last = 0, UUID(int=0)
    yield BOM + lines([COLUMNS]), count
    while True:
        async with opened() as session:
            readers = await behind(session, last)
            numbers = await numbers_of(session, [reader.person_id for reader in readers])
        if not readers:
            return
        count, last = count + len(readers), readers[-1].id
        yield lines(line(one, numbers.get(one.person_id, [""])) for one in readers), count


async def behind(session: AsyncSession, last: UUID) -> Sequence[Reader]:
    rows = select(Reader).where(Reader.kind == Kind.HOME, Reader.id > last)
    return (await session.scalars(rows.order_by(Reader.id).limit(AT_ONCE))).all()


async def numbers_of(session: AsyncSession, people: Sequence[UUID]) -> dict[UUID, list[str]]:
    """The cards and old barcodes that each of *people* has of this branch."""
    numbers: dict[UUID, list[str]] = {}
    cards = await session.execute(
        select(Card.person_id, Card.number)
        .where(
            Card.tenant_id == func.pinakes_tenant(),
            Card.state != CardState.REPLACED,
            Card.person_id.in_(people),
        )
        .order_by(Card.old, Card.id)
    )
    for person, number in cards:
        numbers.setdefault(person, []).append(number)
    return numbers


async def first_numbers(
    session: AsyncSession, people: Sequence[UUID | None]
) -> dict[UUID | None, str]:
    """The card by which each of *people* is known here, if any; nobody's is nobody's."""
    numbers = await numbers_of(session, list({one for one in people if one is not None}))
    return {person: first for person, (first, *_) in numbers.items()}


async def counted(session: AsyncSession) -> int:
    """How many readers have their home here."""
    rows = select(func.count()).select_from(Reader).where(Reader.kind == Kind.HOME)
    return await session.scalar(rows) or 0


def line(reader: Reader, numbers: Sequence[str]) -> Sequence[str]:
    card, *old = numbers
    days = [day.isoformat() if day else "" for day in (reader.born, reader.until)]
    return (
        card,
        reader.name or "",
        reader.reader_kind,
        days[0],
        reader.contact or "",
        ";".join(old),
        days[1],
    )
