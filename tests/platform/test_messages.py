"""Messages leave with the change, arrive once, in order, and give up in the end."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Any, Self
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.platform.audit import Audit, note
from pinakes.platform.carrier import (
    PATIENT,
    PROMPT,
    TRIES,
    Listeners,
    acknowledge,
    apply,
    carry,
    claim,
    numbers,
    sweep,
)
from pinakes.platform.clock import now
from pinakes.platform.db import Database, public_work, unit_of_work
from pinakes.platform.directory import Tenant
from pinakes.platform.letters import dead_letters, replay
from pinakes.platform.messages import Event, Heard, Message, Outbox, Together, emit

pytestmark = pytest.mark.anyio


class DoorOpened(Event, frozen=True):
    door: str


@pytest.fixture(autouse=True)
async def nothing_waits(database: Database) -> None:
    while await carry(database, {}):
        pass


async def write(session: AsyncSession, event: DoorOpened, message: Message) -> None:
    note(session, "door.opened", event.door)


async def fail(session: AsyncSession, event: DoorOpened, message: Message) -> None:
    await write(session, event, message)
    await session.flush()
    raise RuntimeError


def told(*listeners: object) -> Listeners:
    return {"DoorOpened": (DoorOpened, listeners)}  # type: ignore[dict-item]


async def open_door(
    database: Database,
    sender: Tenant,
    receiver: Tenant,
    door: str = "front",
    about: UUID | None = None,
) -> None:
    async with unit_of_work(database.app, sender.id) as session:
        emit(session, DoorOpened(about=about or uuid4(), door=door), to=receiver.id)


async def doors(database: Database, tenant: Tenant) -> list[str | None]:
    async with unit_of_work(database.app, tenant.id) as session:
        rows = await session.scalars(select(Audit.subject).order_by(Audit.created_at, Audit.id))
        return list(rows)


async def waiting(database: Database, sender: Tenant) -> int:
    async with unit_of_work(database.app, sender.id) as session:
        open = select(func.count()).select_from(Outbox).where(Outbox.state != "sent")
        return await session.scalar(open) or 0


async def let_time_pass(database: Database) -> None:
    async with public_work(database.carrier) as session:
        await session.execute(update(Outbox).values(due_at=Outbox.created_at))


async def test_a_message_arrives_within_its_receiver(
    database: Database, tenant: Tenant, neighbour: Tenant
) -> None:
    await open_door(database, tenant, neighbour)
    assert await carry(database, told(write)) == 1
    assert await doors(database, neighbour) == ["front"]
    assert await doors(database, tenant) == []
    assert await waiting(database, tenant) == 0


async def test_a_message_without_a_receiver_goes_to_the_sender(
    database: Database, tenant: Tenant
) -> None:
    async with unit_of_work(database.app, tenant.id) as session:
        emit(session, DoorOpened(about=uuid4(), door="own"))
    await carry(database, told(write))
    assert await doors(database, tenant) == ["own"]


async def test_a_crash_before_the_acknowledgement_changes_nothing(
    database: Database, tenant: Tenant, neighbour: Tenant
) -> None:
    await open_door(database, tenant, neighbour)
    [run] = await claim(database)
    await apply(database, told(write), [run])
    await let_time_pass(database)  # the lease ends, nobody has acknowledged
    assert await carry(database, told(write)) == 1
    assert await doors(database, neighbour) == ["front"]


async def test_a_message_that_arrives_twice_after_a_sweep_is_still_dropped(
    database: Database, tenant: Tenant, neighbour: Tenant
) -> None:
    await open_door(database, tenant, neighbour)
    [run] = await claim(database)
    await apply(database, told(write), [run])
    await sweep(database)
    await apply(database, told(write), [run])
    assert await doors(database, neighbour) == ["front"]
    await acknowledge(database, [run])


async def test_what_was_sent_stays_for_thirty_days(
    database: Database, tenant: Tenant, neighbour: Tenant
) -> None:
    await open_door(database, tenant, neighbour)
    await carry(database, told(write))
    for days, left in ((29, 1), (31, 0)):
        async with public_work(database.carrier) as session:
            await session.execute(update(Outbox).values(sent_at=now() - timedelta(days=days)))
        await sweep(database)
        async with unit_of_work(database.app, tenant.id) as session:
            assert await session.scalar(select(func.count()).select_from(Outbox)) == left


async def test_a_failing_listener_changes_nothing_and_is_asked_again(
    database: Database, tenant: Tenant, neighbour: Tenant
) -> None:
    await open_door(database, tenant, neighbour)
    await carry(database, told(fail))
    assert (await doors(database, neighbour), await waiting(database, tenant)) == ([], 1)
    await let_time_pass(database)
    await carry(database, told(write))
    assert (await doors(database, neighbour), await waiting(database, tenant)) == (["front"], 0)


async def test_messages_about_one_thing_keep_their_order_under_back_off(
    database: Database, tenant: Tenant, neighbour: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    def long(tries: int) -> float:
        return 60.0

    monkeypatch.setattr("pinakes.platform.carrier.pause", long)
    about = uuid4()
    for door in ("first", "second"):
        await open_door(database, tenant, neighbour, door, about)
    await open_door(database, tenant, neighbour, "elsewhere")
    await carry(database, told(fail))  # first and elsewhere; second waits for first
    assert await carry(database, told(write)) == 0
    await let_time_pass(database)
    while await carry(database, told(write)):
        pass
    seen = await doors(database, neighbour)
    assert sorted(map(str, seen)) == ["elsewhere", "first", "second"]
    assert seen.index("first") < seen.index("second")


async def test_messages_about_one_thing_arrive_together_up_to_the_first_that_fails(
    database: Database, tenant: Tenant, neighbour: Tenant
) -> None:
    async def refuse_third(session: AsyncSession, event: DoorOpened, message: Message) -> None:
        await (fail if event.door == "third" else write)(session, event, message)

    about = uuid4()
    for door in ("first", "second", "third", "fourth"):
        await open_door(database, tenant, neighbour, door, about)
    [run] = await claim(database)
    assert [message.body["door"] for message in run] == ["first", "second", "third", "fourth"]
    await let_time_pass(database)
    assert await carry(database, told(refuse_third)) == 4
    assert await doors(database, neighbour) == ["first", "second"]
    assert await waiting(database, tenant) == 2
    await let_time_pass(database)
    await carry(database, told(write))
    assert await doors(database, neighbour) == ["first", "second", "third", "fourth"]


async def test_nothing_overtakes_a_message_that_waits_or_is_dead(
    database: Database, tenant: Tenant, neighbour: Tenant
) -> None:
    about = uuid4()
    for door in ("first", "second", "third"):
        await open_door(database, tenant, neighbour, door, about)
    [run] = await claim(database)
    await let_time_pass(database)
    async with public_work(database.carrier) as session:
        await session.execute(
            update(Outbox).where(Outbox.id == run[1].id).values(state="dead", tries=TRIES)
        )
    assert await carry(database, told(write)) == 1
    assert await carry(database, told(write)) == 0
    assert await doors(database, neighbour) == ["first"]


class ShelfChanged(DoorOpened, frozen=True):
    look_again = True


async def test_of_equal_calls_to_look_again_one_is_enough(
    database: Database, tenant: Tenant, neighbour: Tenant
) -> None:
    about = uuid4()
    async with unit_of_work(database.app, tenant.id) as session:
        for door in ("one", "one", "two", "one"):
            emit(session, ShelfChanged(about=about, door=door), to=neighbour.id)
            await session.flush()
    heard: Listeners = {"ShelfChanged": (ShelfChanged, [write])}
    assert await carry(database, heard) == 4
    assert await doors(database, neighbour) == ["two", "one"]
    assert await waiting(database, tenant) == 0


class ManyChanged(DoorOpened, frozen=True):
    @classmethod
    def at_once(cls, events: Sequence[Any]) -> Self:
        return cls(about=events[-1].about, door=" and ".join(event.door for event in events))


async def test_events_that_one_can_say_are_said_by_one(
    database: Database, tenant: Tenant, neighbour: Tenant
) -> None:
    async with unit_of_work(database.app, tenant.id) as session:
        for door in ("one", "two"):
            emit(session, ManyChanged(about=uuid4(), door=door), to=neighbour.id)
            await session.flush()
    await carry(database, {"ManyChanged": (ManyChanged, [write])})
    assert await doors(database, neighbour) == ["one and two"]
    assert await waiting(database, tenant) == 0


async def test_a_listener_that_takes_all_at_once_gets_each_things_messages_in_order(
    database: Database, tenant: Tenant, neighbour: Tenant
) -> None:
    """And one that fails is tried again alone, with the others about its thing."""
    calls: list[list[str]] = []

    async def hear(session: AsyncSession, heard: Heard[DoorOpened]) -> None:
        calls.append([event.door for event, _ in heard])
        for event, message in heard:
            await (fail if event.door == "stuck" else write)(session, event, message)

    about = uuid4()
    for door, thing in (("first", about), ("stuck", uuid4()), ("second", about)):
        await open_door(database, tenant, neighbour, door, thing)
    await carry(database, told(Together(hear)))
    [together, *alone] = calls
    assert sorted(together) == ["first", "second", "stuck"]
    assert together.index("first") < together.index("second")
    assert sorted(alone) == [["first", "second"], ["stuck"]]
    assert await doors(database, neighbour) == ["first", "second"]
    await let_time_pass(database)
    await carry(database, told(write))
    assert await doors(database, neighbour) == ["first", "second", "stuck"]
    assert await waiting(database, tenant) == 0


async def test_a_letter_nobody_can_apply_is_laid_aside_and_can_be_replayed(
    database: Database, tenant: Tenant, neighbour: Tenant
) -> None:
    await open_door(database, tenant, neighbour)
    for _ in range(TRIES):
        assert await carry(database, told(fail)) == 1
        await let_time_pass(database)
    assert await carry(database, told(write)) == 0
    [letter] = [one for one in await dead_letters(database) if one.sender == tenant.id]
    assert letter.failure == "RuntimeError"
    assert await replay(database, letter.id)
    await carry(database, told(write))
    assert await doors(database, neighbour) == ["front"]
    assert not await replay(database, letter.id)


async def test_no_tenant_sees_the_messages_of_another(
    database: Database, tenant: Tenant, neighbour: Tenant
) -> None:
    await open_door(database, tenant, neighbour)
    assert (await waiting(database, tenant), await waiting(database, neighbour)) == (1, 0)


async def test_the_watermark_stops_at_a_gap_and_moves_when_it_closes(
    database: Database, tenant: Tenant, neighbour: Tenant
) -> None:
    for door in ("one", "two", "three"):
        await open_door(database, tenant, neighbour, door)
    one, two, three = sorted(await claim(database), key=lambda run: run[0].seq)
    for run, upto in ((one, 1), (three, 1), (two, 3)):
        await apply(database, told(write), [run])
        await sweep(database)
        assert await watermark(database, neighbour, tenant) == upto


async def watermark(database: Database, receiver: Tenant, sender: Tenant) -> int | None:
    async with unit_of_work(database.app, receiver.id) as session:
        found = text("SELECT upto FROM inbox WHERE sender = :sender")
        upto: int | None = await session.scalar(found, {"sender": sender.id})
        return upto


async def test_messages_reach_a_suspended_branch(
    database: Database, tenant: Tenant, make_tenant: Callable[..., Awaitable[Tenant]]
) -> None:
    closed = await make_tenant(state="suspended")
    await open_door(database, tenant, closed)
    assert await carry(database, told(write)) == 1
    assert await waiting(database, tenant) == 0


class ItemsChanged(Event, frozen=True):
    """Of a kind that nobody stands waiting for."""


async def test_what_nobody_stands_waiting_for_has_a_lane_of_its_own(
    database: Database, tenant: Tenant, neighbour: Tenant
) -> None:
    async with unit_of_work(database.app, tenant.id) as session:
        emit(session, ItemsChanged(about=uuid4()))
    await open_door(database, tenant, neighbour)
    assert await carry(database, told(write), (PROMPT,)) == 1
    assert await doors(database, neighbour) == ["front"]
    assert await carry(database, told(write), (PATIENT,)) == 1


async def test_the_lean_road_takes_a_message_once(
    database: Database, tenant: Tenant, neighbour: Tenant
) -> None:
    went: list[str] = []

    async def hear(session: AsyncSession, heard: Heard[DoorOpened]) -> None:
        went.extend(f"ordinary: {event.door}" for event, _ in heard)

    async def lean(database: Database, heard: Heard[DoorOpened]) -> bool:
        mine = [message for _, message in heard]
        await database.hot.execute("SELECT inbox_heard($1, $2, $3)", neighbour.id, *numbers(mine))
        went.extend(f"lean: {event.door}" for event, _ in heard)
        return True

    listeners = told(Together(hear, lean))
    await open_door(database, tenant, neighbour)
    [run] = await claim(database)
    await apply(database, listeners, [run])
    await apply(database, listeners, [run])
    assert went == ["lean: front"]
    await acknowledge(database, [run])
