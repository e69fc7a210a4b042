"""Who gets a copy that is free: whoever has waited longest and can be served with it.

Titles are gone through in one public transaction under a lock of each title's own, so that no
copy is kept for two. A round cut short after its commit leaves an offer nobody heard of; the
chore ``mend`` makes it anew.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

import msgspec
from sqlalchemy import TextClause, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.federation.holds.choosing.ranking import Considered, travel
from pinakes.federation.holds.choosing.service import (
    Chosen,
    Nobody,
    Row,
    Wish,
    apart,
    shortlisted,
    weigh,
)
from pinakes.federation.holds.events import CopyFree
from pinakes.federation.holds.rules import FIRST_IN_LINE, Meeting, serve
from pinakes.platform import clock
from pinakes.platform.db import Database, public_work
from pinakes.platform.messages import emit

DAY = 86_400.0  # seconds
MOST_TOLD = 5  # of those considered: ten thousand offers are told in one go

WAITED_FOR = text("SELECT commons.waited_for(:branch, CAST(:records AS uuid[]))")
IN_TURN = text("""
    SELECT pg_advisory_xact_lock(hashtext('commons.wanted'), hashtext(CAST(:edition AS uuid)::text))
""")  # as commons.waiting does
WAITING = text("""
    SELECT title.edition, w.* FROM unnest(CAST(:editions AS uuid[])) AS title (edition)
    CROSS JOIN LATERAL commons.waiting(title.edition, CAST(:at AS integer)) AS w
""").columns(fits=JSONB())
ITEMS = text("""
    SELECT i.id FROM commons.wanted w JOIN item i ON i.id = w.item_id
    WHERE w.edition_id = ANY(CAST(:editions AS uuid[])) AND w.owner = :branch
      AND i.status = 'on_shelf' AND i.kind <> 'reference' AND commons.fits(w.fits, i.kind)
""")
FIRST = text("""
    SELECT w.request_id, w.home, w.pickup, w.item_id, w.refused, s.local_days,
           extract(epoch FROM w.placed_at)::float AS placed_at, there.latitude, there.longitude,
           w.needed_by - (now() AT TIME ZONE home.zone)::date AS days_left
    FROM commons.holding h JOIN commons.supplier s USING (tenant_id)
    JOIN commons.wanted w USING (edition_id)
    LEFT JOIN commons.supplier there ON there.tenant_id = w.pickup
    LEFT JOIN commons.tenant home ON home.id = w.home
    WHERE h.tenant_id = :branch AND h.record_id = :record AND w.offered_by IS NULL
      AND (w.suspended_until IS NULL OR w.suspended_until <= now())
      AND coalesce(w.owner, :branch) = :branch AND coalesce(w.record_id, :record) = :record
      AND commons.fits(w.fits, :kind)
    ORDER BY w.rank, w.placed_at, w.request_id LIMIT 100
""")
FINDER = text("""
    SELECT tenant_id, courier_days, latitude, longitude FROM commons.supplier
    WHERE tenant_id = :finder
""")
KEEP = text("""
    UPDATE commons.wanted w SET offered_by = kept.supplier, offered_at = now()
    FROM unnest(CAST(:requests AS uuid[]), CAST(:suppliers AS integer[])) AS kept
        (request, supplier)
    WHERE w.request_id = kept.request
""")


class Waiting(Wish, frozen=True, kw_only=True):
    """A wish in the queue, as it is looked at in one round."""

    placed_at: float  # seconds, for comparing alone
    refused: list[int] = []


@dataclass(frozen=True, slots=True)
class First:
    """A request that is to have the next copy."""

    request: UUID
    home: int
    pickup: int
    ahead: int  # who waited longer, and was passed over
    waited: int  # days


@dataclass(frozen=True, slots=True)
class Offer:
    """A copy that is kept for a wish from now on."""

    wish: Waiting
    chosen: Chosen
    rule: str


@dataclass(slots=True)
class Line:
    """Those who wait for one title, in turn, and how many copies are free for them."""

    free: int
    wishes: list[Waiting]


async def first_in_line(
    session: AsyncSession, record: UUID, item: UUID, kind: str, finder: int
) -> First | None:
    """Who is to have this *item* of ours next, which lies at its *finder*; nobody is told yet."""
    here, now = session.info["tenant"], clock.now().timestamp()
    told = {"branch": here, "record": record, "kind": kind}
    line = list(await session.execute(FIRST, told))
    sender = (await session.execute(FINDER, {"finder": finder})).one()
    own = [row.placed_at for row in line if row.home == here]
    for ahead, row in enumerate(line):
        met = Meeting(
            other_item=row.item_id not in (None, item),
            refused=here in row.refused,
            too_late=is_late(row, sender),
            own_reader=row.home == here,
            waited=(now - row.placed_at) / DAY,
            local_waited=(now - min(own)) / DAY if own else None,
            local_days=row.local_days,
        )
        if serve(met)[0]:
            return First(row.request_id, row.home, row.pickup, ahead, int(met.waited))
    return None


def is_late(row: Row, sender: Row) -> bool:
    """Whether what the *sender* hands on comes after the day until which it is needed."""
    days: int | None = row.days_left
    if days is None:
        return False
    if row.pickup == sender.tenant_id:
        return days < 0
    return travel(sender.courier_days, apart(sender, row)) > days


async def keep_for(session: AsyncSession, record: UUID, first: First, rule: str) -> None:
    """Let the home of the request hear that an item of this *record* of ours is for it."""
    told = {"requests": [first.request], "suppliers": [session.info["tenant"]]}
    database: Database = session.info["database"]
    async with public_work(database.public) as public:
        await public.execute(KEEP, told)
    here = session.info["tenant"]
    figures = {"ahead": first.ahead, "waited": first.waited}
    event = CopyFree(
        about=first.request,
        supplier=here,
        record=record,
        rule=rule,
        ranked_by="only_one",  # the book that was given back, and no other
        considered=[Considered(supplier=here, record=record, place=1, figures=figures)],
    )
    emit(session, event, to=first.home)


async def offer_all(session: AsyncSession, edition: UUID, *orders: TextClause) -> None:
    """Offer every free copy of a title to whom it is due, once these *orders* are carried out.

    Called inside any tenant's transaction, which carries the news. Whoever waits for one item
    is passed over: only the item's branch knows where it is.
    """
    database: Database = session.info["database"]
    async with public_work(database.public) as public:
        for order in (IN_TURN, *orders) if orders else ():
            await public.execute(order, {"edition": edition})
        offers = await _offers(public, [edition], None, ())
    _tell(session, offers)


async def offer_returned(session: AsyncSession, branch: int, records: Sequence[UUID]) -> None:
    """Offer what a branch has on its shelves of these records, in the branch's transaction."""
    database: Database = session.info["database"]
    told = {"branch": branch, "records": list(records)}
    async with public_work(database.public) as public:
        editions = list(await public.scalars(WAITED_FOR, told))
        if not editions:
            return
        items = await session.scalars(ITEMS, {"editions": editions, "branch": branch})
        offers = await _offers(public, editions, branch, set(items))
    _tell(session, offers)


def _tell(session: AsyncSession, offers: Sequence[Offer]) -> None:
    for offer in offers:
        event = CopyFree(
            about=offer.wish.request,
            supplier=offer.chosen.supplier,
            record=offer.chosen.record,
            rule=offer.rule,
            ranked_by=offer.chosen.rule,
            considered=offer.chosen.considered[:MOST_TOLD],
        )
        emit(session, event, to=offer.wish.home)


async def _offers(
    public: AsyncSession, editions: Sequence[UUID], at: int | None, items: Collection[UUID]
) -> list[Offer]:
    """Go down all queues side by side, one wish of each at a time, until copies or wishes end.

    *items* stand on the shelf and are waited for, each as itself.
    """
    lines, offers = await _lines(public, editions, at), list[Offer]()
    while lines:
        found = await shortlisted(public, [line.wishes[0] for line in lines], only=at)
        matched = [match(line, rows, items) for line, rows in zip(lines, found, strict=True)]
        kept = [offer for offer in matched if offer]
        await _keep(public, kept)
        offers += kept
        lines = [line for line in lines if line.free and line.wishes]
    return offers


async def _lines(public: AsyncSession, editions: Sequence[UUID], at: int | None) -> list[Line]:
    """The queues of these titles, locked; those that no copy is free for are left out."""
    lines = dict[UUID, Line]()
    rows = await public.execute(WAITING, {"editions": sorted(editions), "at": at})
    for row in rows.mappings():
        line = lines.setdefault(row["edition"], Line(row["free"], []))
        line.wishes.append(msgspec.convert(dict(row), Waiting))
    return list(lines.values())


def match(line: Line, rows: Sequence[Row], items: Collection[UUID]) -> Offer | None:
    """The best copy for the first in *line*; whether it or another gets it, the rules say.

    Whoever gets one leaves the line, and so does the first for whom there is none.
    """
    first = line.wishes[0]
    chosen = weigh(rows, first)
    if isinstance(chosen, Nobody):
        line.wishes.remove(first)
        return None
    now, before = clock.now().timestamp(), FIRST_IN_LINE
    for wish in line.wishes:
        fits, rule = serve(meeting(wish, chosen, line.wishes, items, now))
        if fits and wish is not first and (may_be_late(wish, chosen) or is_choosy(wish, first)):
            break  # weighed on its own, once it is the first
        if fits:
            line.wishes.remove(wish)
            line.free -= 1
            return Offer(wish, chosen, before)
        before = rule
    line.wishes.remove(first)
    return None


def may_be_late(wish: Waiting, chosen: Chosen) -> bool:
    """Whether a copy that was weighed for another may come after the day it is needed by."""
    return wish.needed_by is not None and wish.home != chosen.supplier


def is_choosy(wish: Waiting, first: Waiting) -> bool:
    """Whether not every copy will do that was weighed for another."""
    return bool(wish.fits) and wish.fits != first.fits


def meeting(
    wish: Waiting,
    chosen: Chosen,
    line: Sequence[Waiting],
    items: Collection[UUID],
    now: float,
) -> Meeting:
    """What the rules ask about this wish and the copy that was chosen for the first in line."""
    local = [one.placed_at for one in line if one.home == chosen.supplier]
    return Meeting(
        other_item=(
            wish.record not in (None, chosen.record)
            or wish.owner not in (None, chosen.supplier)
            or (wish.item is not None and wish.item not in items)
        ),
        refused=chosen.supplier in wish.refused,
        own_reader=wish.home == chosen.supplier,
        waited=(now - wish.placed_at) / DAY,
        local_waited=(now - min(local)) / DAY if local else None,
        local_days=chosen.local_days,
        new_days=chosen.new_days,
        days_old=0,
    )


async def _keep(public: AsyncSession, offers: Sequence[Offer]) -> None:
    told = {
        "requests": [offer.wish.request for offer in offers],
        "suppliers": [offer.chosen.supplier for offer in offers],
    }
    await public.execute(KEEP, told)
