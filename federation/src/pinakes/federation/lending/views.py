"""Do the parties tell one story? Every few minutes a requester asks the others; and the repair.

One message per other branch asks about all open requests at once; the answer names only those
that differ, and that nobody has touched for a while.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import batched
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import and_, func, or_, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.federation.lending.events import SayAgain, ViewsAsked, ViewsDiffer
from pinakes.federation.lending.mending import left, named, views, worded
from pinakes.federation.lending.model import Role, model
from pinakes.federation.lending.models import PartyRow
from pinakes.federation.lending.rows import found_of
from pinakes.platform.audit import note
from pinakes.platform.db import Database, public_work, uuid7
from pinakes.platform.messages import Message, Outbox, emit

QUIET = timedelta(minutes=3)  # messages under way need some time
EVERY = timedelta(minutes=4)
ENDED = timedelta(days=1)  # for so long what is over is asked about as well
NAMESPACE = UUID("5d0c0b9e-6a53-4c22-8f0e-6a7d3a1c9d11")
MOST = 500  # requests of one question

DUE = text("""
    INSERT INTO alarm (id, due_at) VALUES (:id, :due)
    ON CONFLICT (tenant_id, id) DO UPDATE SET due_at = excluded.due_at, tries = 0
""")
OVER = text("DELETE FROM alarm WHERE tenant_id = pinakes_tenant() AND id = :id")
FORGET = text("""
    DELETE FROM outbox WHERE kind = 'ViewsAsked' AND state = 'sent'
      AND sent_at BETWEEN now() - interval '2 hours' AND now() - interval '1 hour'
      AND receiver IN (SELECT id FROM commons.tenant WHERE cell IS NULL)
""")  # of an hour, not of all thirty days, at each minute
WATCH = UUID(int=0)  # the timer of the branch itself
LATELY = and_(PartyRow.over, PartyRow.changed_at > func.now() - ENDED)
STANDS = (
    PartyRow.request_id,
    PartyRow.attempt,
    PartyRow.version,
    PartyRow.pickup_id,
    PartyRow.supplier_id,
    PartyRow.state,
    PartyRow.model,
    PartyRow.over,
    PartyRow.trouble,
)
TROUBLED = PartyRow.trouble.is_not(None)  # until they agree, however long ago it ended
OURS = and_(PartyRow.role == Role.REQUESTER, or_(~PartyRow.over, LATELY, TROUBLED))


async def ask_all(session: AsyncSession, moment: datetime) -> None:
    """Ask every other party about our requests, open or lately over, that stand still for now."""
    still = PartyRow.changed_at < func.now() - QUIET
    rows = await session.execute(select(*STANDS).where(OURS, still))
    asked: dict[int, list[dict[str, Any]]] = {}
    for row in rows:
        for role, states in model(row.model).agree.get(row.state, {}).items():
            to = row.supplier_id if role is Role.SUPPLIER else row.pickup_id
            if to is not None:
                asked.setdefault(to, []).append(question(row, role, states))
    home = session.info["tenant"]
    for here in batched(asked.pop(home, ()), MOST):  # to ask ourselves takes no message
        await mark(session, await differing(session, here, home), home)
    for to, parties in asked.items():
        about = uuid5(NAMESPACE, f"{home}-{to}")
        for some in batched(parties, MOST):
            emit(session, ViewsAsked(about=about, parties=list(some)), to=to)
    await go_on(session, moment)


def question(row: Any, role: Role, states: frozenset[str]) -> dict[str, Any]:
    return {
        "request": str(row.request_id),
        "attempt": row.attempt,
        "role": role,
        "version": row.version,
        # of what is over nobody need have heard
        "states": [*sorted(states), *([None] if row.over else [])],
        **({"troubled": True} if row.trouble else {}),  # then it is told that it agrees, too
    }


async def go_on(session: AsyncSession, moment: datetime) -> None:
    """Ask again in a few minutes, as long as there is anything to ask about."""
    if await session.scalar(select(PartyRow.id).where(OURS).limit(1)) is None:
        await session.execute(OVER, {"id": WATCH})
    else:
        await session.execute(DUE, {"id": WATCH, "due": moment + EVERY})


async def asked(session: AsyncSession, event: ViewsAsked, message: Message) -> None:
    """Say where we stand, of those requests in which that is not what the requester expects."""
    if found := await differing(session, event.parties, message.sender):
        emit(session, ViewsDiffer(about=event.about, parties=found), to=message.sender)


async def differing(
    session: AsyncSession, parties: Sequence[dict[str, Any]], home: int
) -> list[dict[str, Any]]:
    """Those in which we stand elsewhere than *home* expects, and have for a while.

    Of what is in trouble there also those in which we agree; then we are in none here.
    """
    rows = await session.scalars(
        select(PartyRow).where(
            PartyRow.request_id.in_([UUID(one["request"]) for one in parties]),
            PartyRow.home_id == home,
        )
    )
    found = {(row.request_id, row.role, row.attempt): row for row in rows}
    still = await session.scalar(select(func.now() - QUIET))
    differ: list[dict[str, Any]] = []
    for one in parties:
        row = found.get((UUID(one["request"]), one["role"], one["attempt"]))
        moving = row is not None and still is not None and row.changed_at > still
        state = row.state if row else None
        agrees = state in one["states"]
        if not moving and (one.get("troubled") or not agrees):
            differ.append({**one, "state": state})
        if row is not None and row.role != Role.REQUESTER and agrees and not moving:
            row.trouble = None
    return differ


async def differ(session: AsyncSession, event: ViewsDiffer, message: Message) -> None:
    """Hear in which requests another branch stands elsewhere, or does no more."""
    await mark(session, event.parties, message.sender)


async def mark(session: AsyncSession, parties: Sequence[dict[str, Any]], by: int) -> None:
    """Put what disagrees on the list of problems, or off it; not when we have moved since."""
    for one in parties:
        side = {Role.SUPPLIER: PartyRow.supplier_id, Role.PICKUP: PartyRow.pickup_id}
        row = await session.scalar(
            select(PartyRow)
            .where(
                PartyRow.request_id == UUID(one["request"]),
                PartyRow.role == Role.REQUESTER,
                PartyRow.attempt == one["attempt"],
                PartyRow.version == one["version"],
                side[Role(one["role"])] == by,
            )
            .with_for_update()
        )
        if row is not None:
            weigh(session, row, Role(one["role"]), one["state"])


def weigh(session: AsyncSession, row: PartyRow, role: Role, state: str | None) -> None:
    """Write down what another party says of itself, once: it disagrees, or does no more."""
    party = found_of(row).party
    trouble = left(worded({**views(row.trouble), **named(party, role, state)}), party)
    if trouble != row.trouble:
        row.trouble = trouble
        operation = "request.disagreement" if trouble else "request.agreement"
        note(session, operation, row.request_id, result=(trouble or "done").replace(":", " "))


async def forget_asked(database: Database) -> None:
    """Drop questions within this cell that were answered: they are many, and asked anew soon."""
    async with public_work(database.carrier) as session:
        await session.execute(FORGET)


async def repair(session: AsyncSession, request: UUID) -> int:
    """Let every party say again what it said last; how many of ours did.

    Safe: what had arrived changes nothing when it comes a second time. What is in trouble stays
    so until the views agree.
    """
    rows = (
        await session.scalars(
            select(PartyRow).where(PartyRow.request_id == request, PartyRow.role == Role.REQUESTER)
        )
    ).all()
    for row in rows:
        others: Mapping[Role, int | None] = {
            Role.SUPPLIER: row.supplier_id,
            Role.PICKUP: row.pickup_id,
        }
        for role, to in others.items():
            if to is not None:
                emit(session, again(row, role), to=to)
        repeat(session, row.said or [])
    if rows:
        note(session, "request.repair", request)
    return len(rows)


def again(row: PartyRow, role: Role) -> SayAgain:
    return SayAgain(about=row.request_id, attempt=row.attempt, role=role, stands=row.state)


async def say_again(session: AsyncSession, event: SayAgain, message: Message) -> None:
    """Say again what we said last in this attempt."""
    row = await session.scalar(
        select(PartyRow).where(
            PartyRow.request_id == event.about,
            PartyRow.role == event.role,
            PartyRow.attempt == event.attempt,
            PartyRow.home_id == message.sender,
        )
    )
    if row is not None:
        repeat(session, row.said or [])
        note(session, "request.say_again", event.about)
        if event.stands is not None and row.role != Role.REQUESTER:  # our desk may have to act
            party = found_of(row).party
            row.trouble = left(worded(named(party, Role.REQUESTER, event.stands)), party)


def repeat(session: AsyncSession, said: Sequence[dict[str, Any]]) -> None:
    for one in said:
        session.add(Outbox(**{**one, "id": uuid7(), "about": UUID(one["about"])}))
    session.info["told"] = True


async def in_trouble(session: AsyncSession) -> list[UUID]:
    """Requests of this branch whose parties disagree."""
    rows = select(PartyRow.request_id).where(PartyRow.trouble.is_not(None)).distinct()
    return list(await session.scalars(rows))
