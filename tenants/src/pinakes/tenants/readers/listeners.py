"""What a branch does when another one tells it about a reader."""

from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.platform.messages import Message, emit
from pinakes.tenants.readers import service
from pinakes.tenants.readers.events import HistoryChosen, ReaderLeft, VisitBegan, VisitEnded
from pinakes.tenants.readers.machine import State
from pinakes.tenants.readers.models import Kind, Reader


async def remember(session: AsyncSession, event: VisitBegan, message: Message) -> None:
    """At home: this reader is known there, too (unless there is no such reader any longer)."""
    reader = await at_home(session, event)
    if reader is not None and reader.state is State.LEFT:
        emit(session, ReaderLeft(about=event.about), to=message.sender)
    elif reader is not None:
        reader.visits = sorted({*reader.visits, message.sender})


async def forget(session: AsyncSession, event: VisitEnded, message: Message) -> None:
    """At home: and there no longer."""
    reader = await at_home(session, event)
    if reader is not None:
        reader.visits = [visited for visited in reader.visits if visited != message.sender]


async def part(session: AsyncSession, event: ReaderLeft, message: Message) -> None:
    """At a visited branch: the reader is gone, and so is what was consented to."""
    reader = await visitor(session, event, message)
    if reader is not None:
        reader.state = State.LEFT
        await service.forget(session, reader)


async def heed(session: AsyncSession, event: HistoryChosen, message: Message) -> None:
    """At a visited branch: note the reader's choice."""
    reader = await visitor(session, event, message)
    if reader is not None:
        reader.keep_history = event.keep


async def at_home(session: AsyncSession, event: VisitBegan | VisitEnded) -> Reader | None:
    reader = await service.of_person(session, event.about)
    return reader if reader and reader.kind is Kind.HOME else None


async def visitor(
    session: AsyncSession, event: ReaderLeft | HistoryChosen, message: Message
) -> Reader | None:
    """The visiting membership that the event is about, if the reader's home has told it."""
    reader = await service.of_person(session, event.about)
    theirs = reader is not None and reader.home_id == message.sender
    return reader if reader and theirs and reader.kind is Kind.VISITING else None
