"""What can be done with notices: store one once, move it, look; and what readers choose."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import Any, Literal
from uuid import UUID

import msgspec
from msgspec import Struct
from sqlalchemy import Select, and_, delete, func, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.federation.notices.machine import ENDS, Action, Channel, State, move
from pinakes.federation.notices.models import Hook, Notice, NoticeChoice, NoticeDue
from pinakes.federation.notices.reaching import address_in
from pinakes.federation.notices.wording import Facts
from pinakes.platform.audit import note
from pinakes.platform.db import Database, lock, uuid7
from pinakes.platform.errors import NotFound
from pinakes.platform.turns import in_turn
from pinakes.tenants.circulation.history import window
from pinakes.tenants.readers.machine import State as Membership
from pinakes.tenants.readers.service import of_people

KEPT = timedelta(days=60)  # that something was told, so that it is not told again
MOST = 100  # notices to one reader in a day: whatever says more means ill
EMPTY = text("'{}'::jsonb")

type Key = tuple[UUID, str, str, UUID, Channel]  # what lets the same thing be told once


class NoticeUnknown(NotFound):
    code = "notice_unknown"
    title = "This branch has no such notice"


class Telling(Struct, frozen=True, kw_only=True):
    """Something that a reader should hear; *occasion* tells apart what may happen again."""

    kind: str
    about: UUID
    occasion: str
    person: UUID
    facts: Facts


async def tell(session: AsyncSession, wish: Telling) -> int:
    """Store it for each way in which our reader is reached; how many are new.

    Told twice it is stored once. Somebody else's reader is told nothing, and nobody without end.
    """
    return await tell_all(session, [wish])


async def tell_all(session: AsyncSession, wishes: Sequence[Telling]) -> int:
    """The same of many, in no more questions than of one."""
    ways = await ways_to(session, {wish.person for wish in wishes})
    if not ways:
        return 0
    stored, today = await told_before(session, ways.keys(), wishes)
    rows: list[dict[str, Any]] = []
    for wish in wishes:
        new = [way for way in ways.get(wish.person, ()) if key_of(wish, way) not in stored]
        if today[wish.person] < MOST:
            today[wish.person] += len(new)
            rows += [row_of(wish, way) for way in new]
    return await put(session, rows)


async def put(session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> int:
    """Store these notices, to be sent at once; how many nobody else has stored meanwhile."""
    if not rows:
        return 0
    order = insert(Notice).on_conflict_do_nothing().returning(Notice.id, Notice.channel)
    new = (await session.execute(order, rows)).all()
    if new:
        await session.execute(insert(NoticeDue), [{"id": id, "channel": way} for id, way in new])
    return len(new)


def key_of(wish: Telling, way: Channel) -> Key:
    return wish.about, wish.kind, wish.occasion, wish.person, way


def row_of(wish: Telling, way: Channel) -> dict[str, Any]:
    return {
        "id": uuid7(),
        "about": wish.about,
        "kind": wish.kind,
        "occasion": wish.occasion,
        "person_id": wish.person,
        "channel": way,
        "state": State.WAITING,
        "facts": msgspec.to_builtins(wish.facts),
    }


async def told_before(
    session: AsyncSession, people: Collection[UUID], wishes: Sequence[Telling]
) -> tuple[Collection[Key], Counter[UUID]]:
    """What of the kind is stored already, and how much was for each reader within a day."""
    today = Notice.created_at > func.now() - timedelta(days=1)
    alike = and_(
        Notice.kind.in_({wish.kind for wish in wishes}),
        Notice.occasion.in_({wish.occasion for wish in wishes}),
    )
    key = (Notice.about, Notice.kind, Notice.occasion, Notice.person_id, Notice.channel)
    rows = await session.execute(
        select(*key, today).where(Notice.person_id.in_(people), or_(today, alike))
    )
    stored, counted = set[Key](), Counter[UUID]()
    for about, kind, occasion, person, channel, is_of_today in rows:
        stored.add((about, kind, occasion, person, channel))
        counted[person] += is_of_today
    return stored, counted


async def ways_to(
    session: AsyncSession, people: Collection[UUID]
) -> Mapping[UUID, Sequence[Channel]]:
    """How readers of ours are reached; of those who want no notices nothing."""
    refused = select(NoticeChoice.person_id).where(
        NoticeChoice.person_id.in_(people), ~NoticeChoice.wanted
    )
    unwilling = set(await session.scalars(refused))
    hooked = [Channel.WEBHOOK] if await session.scalar(select(Hook.id)) else []
    return {
        reader.person_id: ways
        for reader in await of_people(session, people)
        if reader.home_id == session.info["tenant"]
        and reader.state is not Membership.LEFT
        and reader.person_id not in unwilling
        and (ways := ([Channel.EMAIL] if address_in(reader.contact) else []) + hooked)
    }


async def settle(
    session: AsyncSession,
    row: Notice,
    action: Action,
    reason: str | None = None,
    after: timedelta = timedelta(0),
) -> None:
    """Move a notice one step; while it waits, *after* says when its next try is due."""
    row.state = move(row.state, action)
    row.version += 1
    row.reason = reason
    row.changed_at = func.now()
    if row.state is State.WAITING:
        due = {"due_at": func.now() + after}
        queued = insert(NoticeDue).values(id=row.id, channel=row.channel, **due)
        await session.execute(
            queued.on_conflict_do_update(index_elements=["tenant_id", "id"], set_=due)
        )
    elif row.state is not State.SENDING:
        await session.execute(delete(NoticeDue).where(NoticeDue.id == row.id))
    await session.flush()


async def act(session: AsyncSession, id: UUID, action: Action) -> Notice:
    """Let a person send it again, or have done with it."""
    row = await lock(session, Notice, id)
    if row is None:
        raise NoticeUnknown("Neither waiting nor sent: check the id and the branch.")
    await settle(session, row, action)
    if action is Action.RETRY:
        row.tries, row.since = 0, func.now()
    note(session, f"notices.{action}", id)
    await session.flush()
    await session.refresh(row)
    return row


async def found(session: AsyncSession, id: UUID) -> Notice:
    """The notice, or NoticeUnknown."""
    row = await session.get(Notice, (session.info["tenant"], id))
    if row is None:
        raise NoticeUnknown("Neither waiting nor sent: check the id and the branch.")
    return row


def listed(states: Sequence[State] = ()) -> Select[Notice]:
    """Notices of this branch, all or in some *states*."""
    rows = select(Notice)
    return rows.where(Notice.state.in_(states)) if states else rows


async def counts(session: AsyncSession) -> dict[str, int]:
    """How many stand where."""
    grouped = select(Notice.state, func.count()).group_by(Notice.state)
    known = {state: number for state, number in (await session.execute(grouped)).all()}  # noqa: C416
    return {state.value: known.get(state, 0) for state in State}


class Choice(Struct, forbid_unknown_fields=True):
    """Whether a reader wants notices, and in which language; null is the branch's."""

    wanted: bool = True
    language: Literal["zh", "en"] | None = None


async def choice_of(session: AsyncSession, person: UUID) -> Choice:
    """What a reader has chosen; who has chosen nothing is told."""
    row = await session.scalar(select(NoticeChoice).where(NoticeChoice.person_id == person))
    return (
        msgspec.convert({"wanted": row.wanted, "language": row.language}, Choice)
        if row
        else Choice()
    )


async def choose(session: AsyncSession, person: UUID, wish: Choice) -> None:
    """Write down what a reader of ours chooses; what waits is not sent against it."""
    chosen: dict[str, Any] = {"wanted": wish.wanted, "language": wish.language}
    row = insert(NoticeChoice).values(id=uuid7(), person_id=person, **chosen)
    await session.execute(
        row.on_conflict_do_update(index_elements=["tenant_id", "person_id"], set_=chosen)
    )


async def forget_old(database: Database) -> None:
    """Cut from what ended what it told, with the history; later that it was told at all."""

    async def work(session: AsyncSession, tenant: int) -> None:
        cut = await window(session, tenant)
        over = Notice.state.in_(ENDS)
        await session.execute(
            update(Notice)
            .where(over, Notice.changed_at < func.now() - cut, Notice.facts != EMPTY)
            .values(facts={})
        )
        await session.execute(delete(Notice).where(over, Notice.changed_at < func.now() - KEPT))

    await in_turn(database, work)
