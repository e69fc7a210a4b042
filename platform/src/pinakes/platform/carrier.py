"""The carrier: takes messages from every outbox to the receivers' listeners."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import timedelta
from logging import getLogger
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import delete, func, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.platform.db import Database, public_work, unit_of_work
from pinakes.platform.messages import Event, Listener, Message, Outbox
from pinakes.platform.outage import is_outage
from pinakes.platform.retry import pause

TRIES = 5
BATCH = 50
KEPT = timedelta(days=30)  # a restored receiver may ask again

log = getLogger(__name__)

type Listeners = Mapping[str, tuple[type[Event], Sequence[Listener[Any]]]]


async def carry(database: Database, listeners: Listeners) -> int:
    """Deliver one batch of what is due; how many messages that were.

    Several workers may run side by side: a claim is a lease, and messages
    about one thing are claimed one at a time.
    """
    messages = await claim(database)
    await asyncio.gather(*(deliver(database, listeners, message) for message in messages))
    return len(messages)


async def claim(database: Database, most: int = BATCH) -> list[Message]:
    """Number what is new, and lease what is due for 10 seconds."""
    async with public_work(database.carrier) as session:
        rows = await session.execute(text("SELECT * FROM outbox_claim(:most)"), {"most": most})
        return [msgspec.convert(dict(row), Message) for row in rows.mappings()]


async def deliver(database: Database, listeners: Listeners, message: Message) -> None:
    """The receiver's transaction, then the sender's acknowledgement."""
    try:
        await apply(database, listeners, message)
    except Exception as failure:
        await put_off(database, message, failure)
    else:
        await acknowledge(database, message)


async def apply(database: Database, listeners: Listeners, message: Message) -> None:
    """Let the receiver's listeners act, unless they already have."""
    kind, acting = listeners.get(message.kind, (Event, ()))
    async with unit_of_work(database.app, message.receiver, closed_too=True) as session:
        if not await take(session, message):
            return
        session.info["database"] = database  # for listeners that also write public tables
        event = msgspec.convert(message.body, kind)
        for listener in acting:
            await listener(session, event, message)


async def take(session: AsyncSession, message: Message) -> bool:
    """Move the receiver's watermark; False when it has passed this message before."""
    taken = await session.scalar(
        text("SELECT inbox_take(:sender, :seq)"), {"sender": message.sender, "seq": message.seq}
    )
    return bool(taken)


async def acknowledge(database: Database, message: Message) -> None:
    """Tell the sender's outbox that the message has arrived."""
    await change(database, message, state="sent", sent_at=func.now())


async def put_off(database: Database, message: Message, failure: Exception) -> None:
    """Wait longer after every failure; after the last one a person must look.

    A database that is away is nobody's fault and costs no try: the lease ends
    and the message is taken up again.
    """
    log.error("message %s (%s) failed", message.id, message.kind, exc_info=failure)
    if is_outage(failure):
        return
    async with public_work(database.carrier) as session:
        tries = (await session.scalar(select(Outbox.tries).where(*row(message))) or 0) + 1
        await session.execute(
            update(Outbox)
            .where(*row(message))
            .values(
                tries=tries,
                state="dead" if tries >= TRIES else "waiting",
                due_at=func.now() + timedelta(seconds=pause(tries)),
                failure=type(failure).__name__,
            )
        )


async def change(database: Database, message: Message, **values: Any) -> None:
    async with public_work(database.carrier) as session:
        await session.execute(update(Outbox).where(*row(message)).values(**values))


def row(message: Message) -> tuple[Any, Any]:
    """The one outbox row that *message* stands for."""
    return (Outbox.tenant_id == message.sender, Outbox.id == message.id)


async def sweep(database: Database) -> None:
    """Move watermarks over closed gaps, and drop what was sent long ago."""
    async with public_work(database.carrier) as session:
        await session.execute(text("SELECT inbox_sweep()"))
        await session.execute(
            delete(Outbox).where(Outbox.state == "sent", Outbox.sent_at < func.now() - KEPT)
        )


async def dead_letters(database: Database) -> Sequence[Outbox]:
    """Messages that could not be applied, oldest first."""
    async with public_work(database.carrier) as session:
        rows = await session.scalars(
            select(Outbox).where(Outbox.state == "dead").order_by(Outbox.created_at)
        )
        return rows.all()


async def replay(database: Database, id: UUID) -> bool:
    """Give a dead letter another five tries; False when there is none with this id."""
    async with public_work(database.carrier) as session:
        replayed = await session.scalars(
            update(Outbox)
            .where(Outbox.state == "dead", Outbox.id == id)
            .values(state="waiting", tries=0, due_at=func.now())
            .returning(Outbox.id)
        )
        return replayed.first() is not None
