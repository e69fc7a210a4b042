"""What a branch does when another one tells it about a reader."""

from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.platform.messages import Message
from pinakes.tenants.readers import visits
from pinakes.tenants.readers.events import HistoryChosen, ReaderLeft, VisitBegan, VisitEnded


async def remember(session: AsyncSession, event: VisitBegan, message: Message) -> None:
    """At home: this reader is known there, too (unless there is no such reader any longer)."""
    await visits.remember(session, event.about, message.sender)


async def forget(session: AsyncSession, event: VisitEnded, message: Message) -> None:
    """At home: and there no longer."""
    await visits.forget(session, event.about, message.sender)


async def part(session: AsyncSession, event: ReaderLeft, message: Message) -> None:
    """At a visited branch: the reader is gone, and so is what was consented to."""
    await visits.part(session, event.about, message.sender)


async def heed(session: AsyncSession, event: HistoryChosen, message: Message) -> None:
    """At a visited branch: note the reader's choice."""
    await visits.heed(session, event.about, message.sender, keep=event.keep)
