"""Do the parties tell one story? Every few minutes a requester asks the others; and the repair.

One message per branch asks about all open requests at once; the answer names only those that
differ, and that nobody has touched for a while.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import batched
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import func, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.federation.lending.events import SayAgain, ViewsAsked, ViewsDiffer
from pinakes.federation.lending.model import Role, model
from pinakes.federation.lending.models import PartyRow
from pinakes.platform.audit import note
from pinakes.platform.db import uuid7
from pinakes.platform.messages import Message, Outbox, emit

QUIET = timedelta(minutes=3)  # messages under way need some time
EVERY = timedelta(minutes=4)
NAMESPACE = UUID("5d0c0b9e-6a53-4c22-8f0e-6a7d3a1c9d11")
MOST = 500  # requests in one message

DUE = text("""
    INSERT INTO alarm (id, due_at) VALUES (:id, :due)
    ON CONFLICT (tenant_id, id) DO UPDATE SET due_at = excluded.due_at, tries = 0
""")
OVER = text("DELETE FROM alarm WHERE tenant_id = pinakes_tenant() AND id = :id")
WATCH = UUID(int=0)  # the timer of the branch itself


async def ask_all(session: AsyncSession, moment: datetime) -> None:
    """Ask every other party about all our open requests that have stood still for a while."""
    rows = (
        await session.scalars(
            select(PartyRow).where(
                PartyRow.role == Role.REQUESTER,
                ~PartyRow.over,
                PartyRow.changed_at < func.now() - QUIET,
            )
        )
    ).all()
    asked: dict[int, list[dict[str, Any]]] = {}
    for row in rows:
        for role, states in model(row.model).agree.get(row.state, {}).items():
            to = row.supplier_id if role is Role.SUPPLIER else row.pickup_id
            if to is not None:
                asked.setdefault(to, []).append(question(row, role, states))
    for to, parties in asked.items():
        about = uuid5(NAMESPACE, f"{session.info['tenant']}-{to}")
        for some in batched(parties, MOST):
            emit(session, ViewsAsked(about=about, parties=list(some)), to=to)
    await go_on(session, moment)


def question(row: PartyRow, role: Role, states: frozenset[str]) -> dict[str, Any]:
    return {
        "request": str(row.request_id),
        "attempt": row.attempt,
        "role": role,
        "version": row.version,
        "states": sorted(states),
    }


async def go_on(session: AsyncSession, moment: datetime) -> None:
    """Ask again in a few minutes, as long as anything is open."""
    open = await session.scalar(
        select(PartyRow.id).where(PartyRow.role == Role.REQUESTER, ~PartyRow.over).limit(1)
    )
    if open is None:
        await session.execute(OVER, {"id": WATCH})
    else:
        await session.execute(DUE, {"id": WATCH, "due": moment + EVERY})


async def asked(session: AsyncSession, event: ViewsAsked, message: Message) -> None:
    """Say where we stand, of those requests in which that is not what the requester expects."""
    found = {
        (row.request_id, row.role, row.attempt): row
        for row in await session.scalars(
            select(PartyRow).where(
                PartyRow.request_id.in_([UUID(one["request"]) for one in event.parties]),
                PartyRow.home_id == message.sender,
            )
        )
    }
    still = await session.scalar(select(func.now() - QUIET))
    differ: list[dict[str, Any]] = []
    for one in event.parties:
        row = found.get((UUID(one["request"]), one["role"], one["attempt"]))
        moving = row is not None and still is not None and row.changed_at > still
        if not moving and (row.state if row else None) not in one["states"]:
            differ.append({**one, "state": row.state if row else None})
    if differ:
        emit(session, ViewsDiffer(about=event.about, parties=differ), to=message.sender)


async def differ(session: AsyncSession, event: ViewsDiffer, message: Message) -> None:
    """Put what disagrees on the list of problems, unless we have moved since we asked."""
    for one in event.parties:
        state = one["state"] or "unknown"
        marked = await session.scalars(
            update(PartyRow)
            .where(
                PartyRow.request_id == UUID(one["request"]),
                PartyRow.role == Role.REQUESTER,
                PartyRow.attempt == one["attempt"],
                PartyRow.version == one["version"],
            )
            .values(trouble=f"{one['role']}:{state}")
            .returning(PartyRow.id)
        )
        if marked.first() is not None:
            note(session, "request.disagreement", one["request"], result=f"{one['role']} {state}")


async def repair(session: AsyncSession, request: UUID) -> int:
    """Let every party say again what it said last; how many of ours did.

    Safe: what had arrived changes nothing when it comes a second time.
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
                emit(session, SayAgain(about=request, attempt=row.attempt, role=role), to=to)
        repeat(session, row.said or [])
        row.trouble = None
    note(session, "request.repair", request)
    return len(rows)


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


def repeat(session: AsyncSession, said: Sequence[dict[str, Any]]) -> None:
    for one in said:
        session.add(Outbox(**{**one, "id": uuid7(), "about": UUID(one["about"])}))
    session.info["told"] = True


async def in_trouble(session: AsyncSession) -> list[UUID]:
    """Requests of this branch whose parties disagree."""
    rows = select(PartyRow.request_id).where(PartyRow.trouble.is_not(None)).distinct()
    return list(await session.scalars(rows))


__all__ = ["WATCH", "ask_all", "asked", "differ", "in_trouble", "repair", "say_again"]
