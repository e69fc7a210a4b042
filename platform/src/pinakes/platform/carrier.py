"""The carrier: takes messages from every outbox to the receivers' listeners."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import timedelta
from logging import getLogger
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import delete, func, select, text, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.platform.db import Database, public_work, unit_of_work
from pinakes.platform.messages import Event, Listener, Message, Outbox
from pinakes.platform.outage import is_outage
from pinakes.platform.retry import pause

TRIES = 5
BATCH = 200
KEPT = timedelta(days=30)  # a restored receiver may ask again

UNHEARD: tuple[type[Event], Sequence[Listener[Any]]] = (Event, ())

log = getLogger(__name__)

type Listeners = Mapping[str, tuple[type[Event], Sequence[Listener[Any]]]]
type Run = Sequence[Message]  # about one thing, from one sender to one receiver, in order


async def carry(database: Database, listeners: Listeners) -> int:
    """Deliver one batch of what is due; how many messages that were.

    Several workers may run side by side: a claim is a lease, and messages
    about one thing are claimed together, by one of them.
    """
    runs = await claim(database)
    receivers: dict[int, list[Run]] = {}
    for run in runs:
        receivers.setdefault(run[0].receiver, []).append(run)
    await asyncio.gather(*(deliver(database, listeners, mail) for mail in receivers.values()))
    return sum(len(run) for run in runs)


async def claim(database: Database, most: int = BATCH) -> list[Run]:
    """Number what is new, and lease what is due for 10 seconds."""
    async with public_work(database.carrier) as session:
        rows = await session.execute(text("SELECT * FROM outbox_claim(:most)"), {"most": most})
        messages = [msgspec.convert(dict(row), Message) for row in rows.mappings()]
    runs: dict[tuple[int, int, UUID], list[Message]] = {}
    for message in sorted(messages, key=lambda message: message.seq):
        runs.setdefault((message.sender, message.receiver, message.about), []).append(message)
    return list(runs.values())


async def deliver(database: Database, listeners: Listeners, mail: Sequence[Run]) -> bool:
    """The receiver's transaction, then the senders' acknowledgement; whether all arrived.

    What fails is taken apart: one faulty message holds up those behind it
    about the same thing, and no others.
    """
    failure = await attempt(database, listeners, mail)
    if failure is None:
        return True
    messages = [message for run in mail for message in run]
    if is_outage(failure) or len(messages) == 1:
        await put_off(database, messages[0], failure)
        return False
    if len(mail) > 1:
        return all([await deliver(database, listeners, [run]) for run in mail])
    for message in messages:
        if not await deliver(database, listeners, [[message]]):
            return False
    return True


async def attempt(
    database: Database, listeners: Listeners, mail: Sequence[Run]
) -> Exception | None:
    """Deliver all of it, or say why not."""
    try:
        await apply(database, listeners, mail)
        await acknowledge(database, mail)
    except Exception as failure:
        return failure
    return None


async def apply(database: Database, listeners: Listeners, mail: Sequence[Run]) -> None:
    """Let one receiver's listeners act on what they have not seen before."""
    async with unit_of_work(database.app, mail[0][0].receiver, closed_too=True) as session:
        session.info["database"] = database  # for listeners that also write public tables
        for run in mail:
            for message in without_repeats(listeners, await take(session, run)):
                kind, acting = listeners.get(message.kind, UNHEARD)
                event = msgspec.convert(message.body, kind)
                for listener in acting:
                    await listener(session, event, message)


async def take(session: AsyncSession, run: Run) -> Run:
    """Move the receiver's watermark; what had not passed it before."""
    numbers = {"sender": run[0].sender, "numbers": [message.seq for message in run]}
    fresh = set(await session.scalars(text("SELECT inbox_take(:sender, :numbers)"), numbers))
    return [message for message in run if message.seq in fresh]


def without_repeats(listeners: Listeners, run: Run) -> Run:
    """Of equal events that only say "look again" the last is enough."""
    last = {told(message): message for message in run}
    return [
        message
        for message in run
        if last[told(message)] is message or not listeners.get(message.kind, UNHEARD)[0].look_again
    ]


def told(message: Message) -> bytes:
    return msgspec.json.encode((message.kind, message.body))


async def acknowledge(database: Database, mail: Sequence[Run]) -> None:
    """Tell the senders' outboxes that these have arrived."""
    keys = [(message.sender, message.id) for run in mail for message in run]
    async with public_work(database.carrier) as session:
        await session.execute(
            update(Outbox)
            .where(tuple_(Outbox.tenant_id, Outbox.id).in_(keys))
            .values(state="sent", sent_at=func.now())
        )


async def put_off(database: Database, message: Message, failure: Exception) -> None:
    """Wait longer after every failure; after the last one a person must look.

    A database that is away is nobody's fault and costs no try: the lease ends
    and the message is taken up again.
    """
    log.error("message %s (%s) failed", message.id, message.kind, exc_info=failure)
    if is_outage(failure):
        return
    mine = (Outbox.tenant_id == message.sender, Outbox.id == message.id)
    async with public_work(database.carrier) as session:
        tries = (await session.scalar(select(Outbox.tries).where(*mine)) or 0) + 1
        await session.execute(
            update(Outbox)
            .where(*mine)
            .values(
                tries=tries,
                state="dead" if tries >= TRIES else "waiting",
                due_at=func.now() + timedelta(seconds=pause(tries)),
                failure=type(failure).__name__,
            )
        )


async def sweep(database: Database) -> None:
    """Move watermarks over closed gaps, and drop what was sent long ago."""
    async with public_work(database.carrier) as session:
        await session.execute(text("SELECT inbox_sweep()"))
        await session.execute(
            delete(Outbox).where(Outbox.state == "sent", Outbox.sent_at < func.now() - KEPT)
        )
