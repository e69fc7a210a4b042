"""What a branch writes down when another one tells it about a reader."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.platform.messages import emit
from pinakes.tenants.readers import service
from pinakes.tenants.readers.events import ReaderLeft
from pinakes.tenants.readers.machine import State
from pinakes.tenants.readers.models import Kind, Reader


async def remember(session: AsyncSession, person: UUID, visited: int) -> None:
    """Our reader is known there, too; who has left us has left them as well."""
    reader = await at_home(session, person)
    if reader is not None and reader.state is State.LEFT:
        emit(session, ReaderLeft(about=person), to=visited)
    elif reader is not None:
        reader.visits = sorted({*reader.visits, visited})


async def forget(session: AsyncSession, person: UUID, visited: int) -> None:
    """Our reader is known there no longer."""
    reader = await at_home(session, person)
    if reader is not None:
        reader.visits = [branch for branch in reader.visits if branch != visited]


async def part(session: AsyncSession, person: UUID, home: int) -> None:
    """End the membership of a reader who has left home."""
    reader = await visitor(session, person, home)
    if reader is not None:
        reader.state = State.LEFT
        await service.forget(session, reader)


async def heed(session: AsyncSession, person: UUID, home: int, *, keep: bool) -> None:
    """Keep past loans of this visitor, or have them cut."""
    reader = await visitor(session, person, home)
    if reader is not None:
        reader.keep_history = keep


async def at_home(session: AsyncSession, person: UUID) -> Reader | None:
    reader = await service.of_person(session, person)
    return reader if reader and reader.kind is Kind.HOME else None


async def visitor(session: AsyncSession, person: UUID, home: int) -> Reader | None:
    """The visiting membership of *person*, if that is where the reader is at home."""
    reader = await service.of_person(session, person)
    theirs = reader is not None and reader.home_id == home
    return reader if reader and theirs and reader.kind is Kind.VISITING else None
