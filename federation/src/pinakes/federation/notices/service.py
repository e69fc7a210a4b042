"""What can be done with notices: store one once, move it, look; and what readers choose."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Literal
from uuid import UUID

import msgspec
from msgspec import Struct
from sqlalchemy import Select, delete, func, select, text, update
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
from pinakes.tenants.readers.service import of_person

KEPT = timedelta(days=60)  # that something was told, so that it is not told again
EMPTY = text("'{}'::jsonb")


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

    Told twice it is stored once. Somebody else's reader is told nothing.
    """
    new = 0
    for channel in await ways(session, wish.person):
        row = insert(Notice).values(
            id=uuid7(),
            about=wish.about,
            kind=wish.kind,
            occasion=wish.occasion,
            person_id=wish.person,
            channel=channel,
            state=State.WAITING,
            facts=msgspec.to_builtins(wish.facts),
        )
        id = await session.scalar(row.on_conflict_do_nothing().returning(Notice.id))
        if id is not None:
            session.add(NoticeDue(id=id, channel=channel))
            new += 1
    await session.flush()
    return new


async def ways(session: AsyncSession, person: UUID) -> list[Channel]:
    """How a reader of ours is reached; none when the reader wants no notices."""
    reader = await of_person(session, person)
    if reader is None or reader.home_id != session.info["tenant"]:
        return []
    if reader.state is Membership.LEFT or not (await choice_of(session, person)).wanted:
        return []
    mail = [Channel.EMAIL] if address_in(reader.contact) else []
    hooked = await session.scalar(select(Hook.id))
    return [*mail, *([Channel.WEBHOOK] if hooked else [])]


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
