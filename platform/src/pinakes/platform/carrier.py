"""The carrier: takes messages from every outbox to the receivers' listeners."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from functools import partial
from itertools import takewhile
from logging import getLogger
from uuid import UUID

import asyncpg
import msgspec
from sqlalchemy import delete, func, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.platform.db import Database, driver, public_work, unit_of_work
from pinakes.platform.messages import Acting, Event, Heard, Lean, Message, Outbox, Together
from pinakes.platform.outage import is_outage, was_overtaken
from pinakes.platform.retry import pause

TRIES = 5
BATCH = 200
ABREAST = 8  # receivers; as many as there are connections
PROMPT, PATIENT = False, True  # lanes: what somebody waits for is not held up by the rest
KEPT = timedelta(days=30)  # a restored receiver asks again (restored.py)

UNHEARD: tuple[type[Event], Sequence[Acting]] = (Event, ())
TAKE = """
    SELECT m.sender, seq FROM unnest($1::integer[], $2::text[]) AS m (sender, numbers)
    CROSS JOIN LATERAL inbox_take(m.sender, m.numbers::bigint[]) AS seq
"""
CLAIM = "SELECT * FROM outbox_claim($1, $2, $3)"
# By ctid: a plan that was made while there were few messages would read all that there are.
ARRIVED = """
    UPDATE outbox SET state = 'sent', sent_at = now()
    WHERE ctid = ANY (ARRAY(
        SELECT found.at FROM unnest($1::integer[], $2::uuid[]) AS m (sender, message)
        CROSS JOIN LATERAL (
            SELECT ctid AS at FROM outbox WHERE tenant_id = m.sender AND id = m.message OFFSET 0
        ) AS found))
"""

log = getLogger(__name__)

type Listeners = Mapping[str, tuple[type[Event], Sequence[Acting]]]
type Run = Sequence[Message]  # about one thing, from one sender to one receiver, in order
type Way = Callable[[Sequence[Run]], Awaitable[None]]  # takes messages to one receiver, or raises


async def carry(
    database: Database,
    listeners: Listeners,
    lanes: Sequence[bool] = (PROMPT, PATIENT),
    most: int = BATCH,
    abreast: int = ABREAST,
) -> int:
    """Deliver one batch of what is due, to so many receivers at once; how many messages that were.

    Several workers may run side by side: a claim is a lease, and messages
    about one thing are claimed together, by one of them.
    """
    runs, way = await claim(database, most, lanes), partial(apply, database, listeners)
    return await carried(database, runs, way, partial(lean_road, listeners), abreast)


async def carried(
    database: Database,
    runs: Sequence[Run],
    way: Way,
    road: Callable[[Run], object] = lambda _: None,
    abreast: int = ABREAST,
) -> int:
    """Deliver these, each receiver's by itself; how many messages those were.

    Of one receiver, what takes the same *road* travels together, one road after the other.
    """
    receivers: dict[int, dict[object, list[Run]]] = {}
    for run in runs:
        receivers.setdefault(run[0].receiver, {}).setdefault(road(run), []).append(run)
    turns = asyncio.Semaphore(abreast)

    async def in_turn(roads: Iterable[Sequence[Run]]) -> None:
        async with turns:
            for mail in roads:
                await deliver(database, way, mail)

    await asyncio.gather(*(in_turn(roads.values()) for roads in receivers.values()))
    return sum(len(run) for run in runs)


async def claim(
    database: Database,
    most: int = BATCH,
    lanes: Sequence[bool] = (PROMPT, PATIENT),
    *,
    abroad: bool = False,
) -> list[Run]:
    """Number what is new, and lease for 10 seconds what is due here, or *abroad*."""
    told = [await database.post.fetch(CLAIM, most, lane, abroad) for lane in lanes]
    rows = [row for one in told for row in one]
    messages = [msgspec.convert(dict(row), Message) for row in rows]
    runs: dict[tuple[int, int, UUID], list[Message]] = {}
    for message in sorted(messages, key=lambda message: message.seq):
        runs.setdefault((message.sender, message.receiver, message.about), []).append(message)
    return list(runs.values())


async def deliver(database: Database, way: Way, mail: Sequence[Run]) -> bool:
    """The receiver's transaction, then the senders' acknowledgement; whether all arrived.

    What fails is taken apart: one faulty message holds up those behind it
    about the same thing, and no others.
    """
    failure = await attempt(database, way, mail)
    if failure is None:
        return True
    messages = [message for run in mail for message in run]
    if is_outage(failure) or len(messages) == 1:
        await put_off(database, messages[0], failure)
        return False
    if len(mail) > 1:
        return all([await deliver(database, way, [run]) for run in mail])
    for message in messages:
        if not await deliver(database, way, [[message]]):
            return False
    return True


async def attempt(database: Database, way: Way, mail: Sequence[Run]) -> Exception | None:
    """Deliver all of it, or say why not."""
    try:
        await way(mail)
        await acknowledge(database, mail)
    except Exception as failure:
        return failure
    return None


async def apply(database: Database, listeners: Listeners, mail: Sequence[Run]) -> None:
    """Let one receiver's listeners act on what they have not seen before."""
    messages = [message for run in mail for message in run]
    lean = lean_road(listeners, messages)
    if lean is not None and await took(lean, database, understood(listeners, messages)):
        return
    async with unit_of_work(database.app, mail[0][0].receiver, closed_too=True) as session:
        session.info["database"] = database  # for listeners that also write public tables
        runs = [without_repeats(listeners, run) for run in await take(session, mail)]
        while runs := [run for run in runs if run]:
            acting = heard_by(listeners, runs[0][0])
            firsts = [leading(listeners, run, acting) for run in runs]
            await tell(session, listeners, acting, [one for first in firsts for one in first])
            runs = [run[len(first) :] for run, first in zip(runs, firsts, strict=True)]


async def took(lean: Lean, database: Database, heard: Heard[Event]) -> bool:
    """Whether all of it went the lean road: not what was applied before, or has changed since."""
    try:
        return await lean(database, heard)
    except asyncpg.PostgresError as error:
        if not was_overtaken(error):
            raise
        return False


def heard_by(listeners: Listeners, message: Message) -> Sequence[Acting]:
    return listeners.get(message.kind, UNHEARD)[1]


def lean_road(listeners: Listeners, messages: Run) -> Lean | None:
    """The road without a session, when all of these may take the same."""
    roads = {
        acting[0].lean if len(acting) == 1 and isinstance(acting[0], Together) else None
        for acting in (heard_by(listeners, message) for message in messages)
    }
    return roads.pop() if len(roads) == 1 else None


def leading(listeners: Listeners, run: Run, acting: Sequence[Acting]) -> Run:
    """The first messages of a run, as far as these listeners hear them."""
    return list(takewhile(lambda message: heard_by(listeners, message) == acting, run))


async def tell(
    session: AsyncSession, listeners: Listeners, acting: Sequence[Acting], messages: Run
) -> None:
    """Let each listener act on all of it, at once or on one after the other."""
    heard = understood(listeners, messages)
    for listener in acting:
        if isinstance(listener, Together):
            await listener.hear(session, heard)
            continue
        for event, message in at_once(heard):
            await listener(session, event, message)


def understood(listeners: Listeners, messages: Run) -> Heard[Event]:
    """Each as the event that it is."""
    return [
        (msgspec.convert(message.body, listeners.get(message.kind, UNHEARD)[0]), message)
        for message in messages
    ]


def at_once(heard: Heard[Event]) -> Heard[Event]:
    """All of it said by one event, where such events can be."""
    events = [event for event, _ in heard]
    kinds = {type(event) for event in events}
    one = kinds.pop().at_once(events) if len(kinds) == 1 and len(events) > 1 else None
    return heard if one is None else [(one, heard[-1][1])]


async def take(session: AsyncSession, mail: Sequence[Run]) -> list[Run]:
    """Move the receiver's watermarks; what had not passed them before."""
    told = numbers([message for run in mail for message in run])
    rows = await (await driver(session)).fetch(TAKE, *told)
    fresh = {(row["sender"], row["seq"]) for row in rows}
    return [[one for one in run if (one.sender, one.seq) in fresh] for run in mail]


def numbers(messages: Run) -> tuple[list[int], list[str]]:
    """The senders, and the numbers of each, as ``inbox_take`` and ``inbox_heard`` want them."""
    found: dict[int, list[int]] = {}
    for message in messages:
        found.setdefault(message.sender, []).append(message.seq)
    senders = sorted(found)
    return senders, [f"{{{','.join(map(str, found[one]))}}}" for one in senders]


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
    messages = [message for run in mail for message in run]
    senders, ids = [one.sender for one in messages], [one.id for one in messages]
    await database.post.execute(ARRIVED, senders, ids)


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
