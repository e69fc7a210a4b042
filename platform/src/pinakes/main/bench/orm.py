"""The same checkout as one would write it with Litestar and an ORM: the yardstick of our own.

The same rules, answers, idempotency, messages and audit; the same tests pass on it.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from litestar import post
from litestar.params import JSONBody
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.platform.audit import note
from pinakes.platform.clock import now
from pinakes.platform.db import uuid7
from pinakes.platform.directory import Tenant
from pinakes.platform.http import Here, Session
from pinakes.platform.messages import emit
from pinakes.platform.replies import once
from pinakes.tenants import circulation
from pinakes.tenants.catalogue.models import CatalogueRecord
from pinakes.tenants.circulation import routes
from pinakes.tenants.circulation.calendar import Calendar
from pinakes.tenants.circulation.events import LoanOpened
from pinakes.tenants.circulation.models import Loan
from pinakes.tenants.circulation.rules import LENDING, Facts, judge
from pinakes.tenants.circulation.schemas import Checkout, LoanView
from pinakes.tenants.circulation.service import unsaid
from pinakes.tenants.items.events import ItemsChanged
from pinakes.tenants.items.machine import Action, move
from pinakes.tenants.items.models import Item
from pinakes.tenants.items.service import NoSuchItem
from pinakes.tenants.readers.cards import present
from pinakes.tenants.readers.events import VisitBegan
from pinakes.tenants.readers.machine import State
from pinakes.tenants.readers.models import Kind, Reader
from pinakes.tenants.readers.rules import Presented, blocks_of
from pinakes.tenants.registry.keys import LoanRule
from pinakes.tenants.registry.settings import all_effective

SETTINGS = ("loan.rules", "loan.limit", "calendar.closed_weekdays", "calendar.closed_days")


class Loans(routes.Loans):
    """In place of the product's controller, under its name."""

    @post()
    @once
    async def checkout(self, data: JSONBody[Checkout], session: Session, here: Here) -> LoanView:
        """Lend an item to the reader who shows this card."""
        return await checkout(session, here, data)


async def checkout(session: AsyncSession, here: Tenant, wish: Checkout) -> LoanView:
    """Lend the item with this barcode to the reader with this card, if every rule allows it."""
    card = await present(session, wish.card, wish.card_of)
    await take_turns(session, card.person_id)
    item = await session.scalar(select(Item).where(Item.barcode == wish.barcode).with_for_update())
    if item is None:
        raise NoSuchItem("This branch has no item with this barcode.")
    member = await session.scalar(select(Reader).where(Reader.person_id == card.person_id))
    facts = await facts_of(session, here, card, item, member)
    term = judge(LENDING, facts)
    record = await session.scalar(
        select(CatalogueRecord).where(CatalogueRecord.id == item.record_id)
    )
    loan = Loan(
        id=uuid7(),
        item_id=item.id,
        barcode=item.barcode,
        item_kind=item.kind,
        title=record.title_fields.get("title", "") if record else "",
        person_id=card.person_id,
        home_id=card.home_id,
        reader_kind=card.reader_kind,
        lent_at=facts.now,
        due_at=facts.due,
    )
    session.add(loan)
    item.status = move(item.status, Action.LEND)
    if member is None or member.state is State.LEFT:
        welcome(session, card, member)
    tell(session, card, loan, item)
    note(session, "loan.open", loan.id)
    await session.flush()
    return LoanView.of(loan, card.home, here.zone, rule=term.name)


async def take_turns(session: AsyncSession, person: UUID) -> None:
    """Two desks cannot both lend the last item that a reader's limit allows."""
    key = func.hashtext(str(person))
    await session.execute(select(func.pg_advisory_xact_lock(func.pinakes_tenant(), key)))


async def facts_of(
    session: AsyncSession, here: Tenant, card: Presented, item: Item, member: Reader | None
) -> Facts:
    """What the rules want to know, query by query."""
    open = await session.scalars(
        select(Loan).where(Loan.person_id == card.person_id, Loan.returned_at.is_(None))
    )
    kinds = [loan.item_kind for loan in open]
    told = {one.key: one.value for one in await all_effective(session, here.id, *SETTINGS)}
    return Facts(
        now=now(),
        calendar=calendar_of(here, told),
        item_kind=item.kind,
        item_status=item.status,
        card_state=card.state,
        reader_kind=card.reader_kind,
        blocks=blocks_of(card.may_borrow, card.blocks),
        membership=member.state if member else None,
        loans_left=card.loans_left - await unsaid(session, card.person_id, card.home_id),
        open_here=len(kinds),
        open_of_kind=kinds.count(item.kind),
        most_here=told["loan.limit"],
        terms=msgspec.convert(msgspec.to_builtins(told["loan.rules"]), list[LoanRule]),
    )


def calendar_of(here: Tenant, told: Mapping[str, Any]) -> Calendar:
    return Calendar(
        ZoneInfo(here.zone),
        frozenset(told["calendar.closed_weekdays"]),
        msgspec.convert(told["calendar.closed_days"], frozenset[date]),
    )


def welcome(session: AsyncSession, card: Presented, member: Reader | None) -> None:
    """A reader is here for the first time, or again."""
    if member is None:
        member = Reader(
            id=uuid7(),
            person_id=card.person_id,
            kind=Kind.VISITING,
            home_id=card.home_id,
            reader_kind=card.reader_kind,
        )
        session.add(member)
    member.state = State.ACTIVE
    emit(session, VisitBegan(about=card.person_id), to=card.home_id)


def tell(session: AsyncSession, card: Presented, loan: Loan, item: Item) -> None:
    """The reader's home, and whoever counts what is in."""
    opened = LoanOpened(
        about=card.person_id,
        loan=loan.id,
        barcode=loan.barcode,
        title=loan.title,
        lent_at=loan.lent_at,
        due_at=loan.due_at,
    )
    emit(session, opened, to=card.home_id)
    emit(session, ItemsChanged(about=item.record_id, records=[item.record_id]))


feature = replace(circulation.feature, routes=[Loans, routes.Returns])
