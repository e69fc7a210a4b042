"""Whoever begins to wait may call a book back: the setting ``hold.recall`` of its branch says."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.federation.holds.choosing.service import Wish
from pinakes.federation.holds.rules import recall
from pinakes.federation.lending.deciding import turn
from pinakes.federation.lending.events import OthersWait
from pinakes.federation.lending.model import Role
from pinakes.platform.clock import now
from pinakes.platform.errors import Conflict
from pinakes.platform.messages import Message, emit
from pinakes.tenants.circulation.policy import calendar
from pinakes.tenants.circulation.recalling import Away, away, call_back
from pinakes.tenants.registry.settings import effective
from pinakes.tenants.registry.sharing import Recall

SETTING = "hold.recall"
HOLDER = text("""
    SELECT h.tenant_id, h.record_id, w.waiting
    FROM (SELECT count(*)::integer AS waiting FROM commons.wanted
          WHERE edition_id = :edition AND offered_by IS NULL
            AND (suspended_until IS NULL OR suspended_until <= now())) AS w
    CROSS JOIN (SELECT * FROM commons.holding
                WHERE edition_id = :edition AND items > available
                  AND tenant_id = coalesce(:owner, tenant_id)
                  AND EXISTS (SELECT FROM commons.setting WHERE key = :key)
                ORDER BY tenant_id <> :home, items - available DESC LIMIT 100) AS h
    CROSS JOIN LATERAL commons.all_effective(h.tenant_id, :key) AS said
    WHERE (said -> :key ->> 'waiting')::integer BETWEEN 1 AND w.waiting
    ORDER BY h.tenant_id <> :home, h.items - h.available DESC LIMIT 1
""")
SHELF = text("SELECT lending_shelf() AS shelf").columns(shelf=JSONB())


class RecallNotAllowed(Conflict):
    code = "recall_not_allowed"
    title = "This branch calls nothing back"


async def tell_holder(session: AsyncSession, wish: Wish) -> None:
    """One more waits: one branch that calls books back hears of it, our own before others."""
    if wish.edition is None:
        return
    told = {"edition": wish.edition, "owner": wish.owner, "home": wish.home, "key": SETTING}
    found = (await session.execute(HOLDER, told)).one_or_none()
    if found is not None:
        event = OthersWait(about=wish.request, record=found.record_id, waiting=found.waiting)
        emit(session, event, to=found.tenant_id)


async def others_wait(session: AsyncSession, event: OthersWait, message: Message) -> None:
    """Call back what has been kept longest, as far as so many waiting allow; else nothing."""
    rule = await rule_of(session)
    books = await away(session, [event.record])
    called = sum(one.called for one in books)
    if rule.waiting and called <= event.waiting - rule.waiting:
        for one in [one for one in books if not one.called][:1]:
            kept = (now() - one.loan.lent_at).days if one.loan else 0
            days = recall(rule, event.waiting, kept)
            if days is not None:
                shelf = await session.scalar(SHELF)
                assert shelf is not None  # noqa: S101  (every branch has a zone)
                await ask_back(session, one, due_in(shelf, days))


async def rule_of(session: AsyncSession) -> Recall:
    """What our branch, or one above it, has decided."""
    told = (await effective(session, session.info["tenant"], SETTING)).value
    return msgspec.convert(told, Recall)


def due_in(shelf: Mapping[str, Any], days: int) -> datetime:
    """The end of the first open day of our branch after so many days; see ``lending_shelf``."""
    return calendar(shelf["zone"], shelf["weekdays"], shelf["closed"]).due(now(), days)


async def ask_back(session: AsyncSession, one: Away, due: datetime) -> None:
    """By the request that it is out for, or from the reader who has it from us."""
    request: UUID | None = one.item.request_id
    if request is not None:
        work = turn(session)
        found = await work.find(request, Role.SUPPLIER)
        if found is not None and await work.happen(found, "recall", {"due": int(due.timestamp())}):
            one.item.back_by = due
            await work.write()
    elif one.loan is not None:
        call_back(session, one.item, one.loan, due)


def by_hand(told: Mapping[str, Any], shelf: Mapping[str, Any]) -> int:
    """Until when a book has to be back that the desk calls back; or RecallNotAllowed."""
    rule = msgspec.convert(told, Recall)
    if not rule.by_hand:
        raise RecallNotAllowed("The setting hold.recall says so.")
    return int(due_in(shelf, rule.days).timestamp())
