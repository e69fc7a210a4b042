"""The lean road of messages: one call that reads, one call that takes them and writes.

What a step has to look around for takes the ordinary road instead, and so does what others have
changed meanwhile.
"""

from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

from pinakes.federation.lending.deciding import DECIDING, copy_in
from pinakes.federation.lending.events import PartyTold
from pinakes.federation.lending.listeners import hear, sought
from pinakes.federation.lending.model import Role
from pinakes.federation.lending.rows import SHELVING, found_in
from pinakes.federation.lending.turn import NeedsSession, Turn
from pinakes.platform.carrier import numbers
from pinakes.platform.db import Database
from pinakes.platform.messages import Event, Heard
from pinakes.tenants.circulation.hot import Connection

READ = "SELECT read_heard($1, $2)"
WRITE = "SELECT write_heard($1, $2, $3, $4)"


async def heard(database: Database, messages: Heard[Event]) -> bool:
    """Let our parties hear all of it; false when it is to go on by the ordinary road."""
    try:
        async with database.hot.acquire() as connection:
            for some in waves(messages):
                await taken(connection, some)
    except NeedsSession:
        return False
    return True


def waves(messages: Heard[Event]) -> Iterator[Heard[Event]]:
    """At most one message for each party at a time, in order: a step reads what was written."""
    rest = list(messages)
    while rest:
        now, later, met = list[Any](), list[Any](), set[tuple[UUID, Role]]()
        for one in rest:
            party = sought(one[0])[:2]
            (later if party in met else now).append(one)
            met.add(party)
        yield now
        rest = later


async def taken(connection: Connection, messages: Heard[Event]) -> None:
    """Read, decide, write; the watermark moves with what is written."""
    work = Turn(messages[0][1].receiver, None, DECIDING)
    await look(connection, work, [event for event, _ in messages])
    for event, message in messages:
        await hear(work, event, message)
    told = numbers([message for _, message in messages])
    await connection.fetchval(WRITE, work.here, *told, work.work())


async def look(connection: Connection, work: Turn, events: Sequence[Event]) -> None:
    """Read what the parties that hear these will ask, each as the ordinary road would find it."""
    parties = [sought(event) for event in events]
    said = [event for event in events if isinstance(event, PartyTold)]
    asked = [event for event in said if wants_copy(event)]
    wanted = {
        "parties": [one._asdict() for one in parties],
        "wishes": [wish(event) for event in asked],
        "shelving": any(event.signal in SHELVING for event in said),
    }
    known = await connection.fetchval(READ, work.here, wanted)
    rows = zip(parties, known["parties"], strict=True)
    work.seen = {one: found_in(row) if row else None for one, row in rows}
    work.memo = known["memo"]
    for one, copy in zip(asked, known["copies"], strict=True):
        work.copies[one.about, Role.SUPPLIER, one.attempt] = copy_in(copy)


def wants_copy(event: PartyTold) -> bool:
    """Whether a supplier will look at its shelves for it."""
    return event.signal == "Request" and "record" in event.facts


def wish(event: PartyTold) -> dict[str, Any]:
    """What is looked for there."""
    facts = event.facts
    return {
        "record": facts["record"],
        "item": facts.get("wanted_item"),
        "fits": facts.get("fits"),
        "request": event.about,
    }
