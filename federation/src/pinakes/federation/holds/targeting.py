"""Who gets a copy that is free: whoever has waited longest and can be served with it.

Each round over a title is one public transaction under a lock of the title's own, so that no
copy is kept for two. A round cut short after its commit leaves an offer nobody heard of; the
chore ``mend`` makes it anew.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import msgspec
from sqlalchemy import text, update
from sqlalchemy.engine import RowMapping
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.federation.holds.choosing.service import Chosen, Wish, shortlisted, weigh
from pinakes.federation.holds.events import CopyFree
from pinakes.federation.holds.models import Wanted
from pinakes.federation.holds.rules import FIRST_IN_LINE, Meeting, serve
from pinakes.platform import clock
from pinakes.platform.db import Database, public_work
from pinakes.platform.messages import emit

DAY = 86_400.0  # seconds

IN_TURN = text("SELECT pg_advisory_xact_lock(hashtext('commons.wanted'), hashtext(:edition))")
WAITING = text("SELECT * FROM commons.waiting(:edition, CAST(:at AS integer))")


class Waiting(Wish, frozen=True, kw_only=True):
    """A wish in the queue, as it is looked at in one round."""

    placed_at: float  # seconds, for comparing alone
    refused: list[int]


@dataclass(frozen=True, slots=True)
class Offer:
    """A copy that is kept for a wish from now on."""

    wish: Waiting
    supplier: int
    record: UUID
    rule: str


async def offer_all(session: AsyncSession, edition: UUID, at: int | None = None) -> int:
    """Offer every free copy of a title (those of the branch *at*) to whom it is due.

    Called inside any tenant's transaction, which carries the news; how many offers that were.
    """
    database: Database = session.info["database"]
    async with public_work(database.public) as public:
        await public.execute(IN_TURN, {"edition": str(edition)})
        offers = await _round(public, edition, at)
    for offer in offers:
        event = CopyFree(
            about=offer.wish.request,
            supplier=offer.supplier,
            record=offer.record,
            rule=offer.rule,
        )
        emit(session, event, to=offer.wish.home)
    return len(offers)


async def _round(public: AsyncSession, edition: UUID, at: int | None) -> list[Offer]:
    """Go down the queue until the copies or the wishes are used up."""
    rows = (await public.execute(WAITING, {"edition": edition, "at": at})).mappings().all()
    free: int = rows[0]["free"] if rows else 0
    line, offers = [_waiting(row, edition) for row in rows], list[Offer]()
    while line and len(offers) < free:
        offer = await _match(public, line, at)
        if offer is None:
            line.pop(0)
            continue
        line.remove(offer.wish)
        offers.append(offer)
        await _keep(public, offer)
    return offers


async def _match(public: AsyncSession, line: Sequence[Waiting], at: int | None) -> Offer | None:
    """The best copy for the first in *line*; whether it or another gets it, the rules say."""
    rows = await shortlisted(public, line[0], line[0].refused, only=at)
    chosen = weigh(rows, line[0], line[0].refused)
    if chosen is None:
        return None
    now = clock.now().timestamp()
    before = FIRST_IN_LINE
    for wish in line:
        fits, rule = serve(meeting(wish, chosen, line, now))
        if fits:
            return Offer(wish, chosen.supplier, chosen.record, before)
        before = rule
    return None


def meeting(wish: Waiting, chosen: Chosen, line: Sequence[Waiting], now: float) -> Meeting:
    """What the rules ask about this wish and the copy that was chosen for the first in line."""
    local = [one.placed_at for one in line if one.home == chosen.supplier]
    return Meeting(
        other_item=(
            wish.record not in (None, chosen.record) or wish.owner not in (None, chosen.supplier)
        ),
        refused=chosen.supplier in wish.refused,
        own_reader=wish.home == chosen.supplier,
        waited=(now - wish.placed_at) / DAY,
        local_waited=(now - min(local)) / DAY if local else None,
        local_days=chosen.local_days,
    )


async def _keep(public: AsyncSession, offer: Offer) -> None:
    await public.execute(
        update(Wanted)
        .where(Wanted.request_id == offer.wish.request)
        .values(offered_by=offer.supplier, offered_at=text("now()"))
    )


def _waiting(row: RowMapping, edition: UUID) -> Waiting:
    return msgspec.convert({**row, "edition": edition}, Waiting)
