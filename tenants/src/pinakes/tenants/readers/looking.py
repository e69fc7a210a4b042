"""What a branch sees of its readers, and of a card that somebody presents."""

from collections.abc import Set
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.tenants.readers.branch import codes
from pinakes.tenants.readers.machine import CardState, State
from pinakes.tenants.readers.models import Card, Reader
from pinakes.tenants.readers.rules import Presented, blocks_of
from pinakes.tenants.readers.schemas import CardView, PresentedView, ReaderView
from pinakes.tenants.readers.service import of_person


def named(words: str) -> Select[Any]:
    """Readers of this branch whose name holds *words*, or who have exactly this card."""
    pattern = words.strip().replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
    carriers = select(Card.person_id).where(
        Card.tenant_id == func.pinakes_tenant(), Card.number == words.strip()
    )
    return select(Reader).where(
        or_(Reader.name.ilike(f"%{pattern}%"), Reader.person_id.in_(carriers))
    )


async def names(session: AsyncSession, persons: Set[UUID]) -> dict[UUID, str]:
    """What people are called, as far as this branch knows it."""
    known = select(Reader.person_id, Reader.name).where(Reader.person_id.in_(persons))
    return {person: name or "" for person, name in (await session.execute(known)).all()}


async def view(session: AsyncSession, reader: Reader) -> ReaderView:
    return ReaderView.of(reader, (await codes(session, {reader.home_id}))[reader.home_id])


async def presented(session: AsyncSession, found: Presented, number: str) -> PresentedView:
    """What the desk of this branch sees of a presented card."""
    reader = await of_person(session, found.person_id)
    here = [] if reader is None else reader.blocks
    lends = reader is None or reader.state is State.ACTIVE
    told = blocks_of(found.may_borrow, found.blocks)
    return PresentedView(
        card=CardView(number=number.strip(), issuer=found.issuer, state=CardState(found.state)),
        home=found.home,
        reader_kind=found.reader_kind,
        may_borrow=not told and lends and found.state == CardState.ACTIVE,
        blocks=sorted({*told, *here}),
        as_of=found.as_of,
        name=reader.name if reader else None,
        reader=await view(session, reader) if reader else None,
    )
