"""Waiting for a title: taking a place, leaving it, and what can honestly be said of it.

Every verb is called in the home's own transaction and writes the public tables in one of its
own, so each may be told twice.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from msgspec import Struct
from sqlalchemy import TextClause, bindparam, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.federation.holds.choosing.service import Wish
from pinakes.federation.holds.targeting import offer_all
from pinakes.platform.db import Database, public_work
from pinakes.platform.messages import emit
from pinakes.tenants.items.events import ItemsChanged

LEAST = 3  # earlier waits, without which nothing is said about the next one

WANT = text("""
    WITH mine AS (SELECT coalesce((SELECT placed_at FROM commons.wanted
                                   WHERE request_id = :request), now()) AS placed_at)
    INSERT INTO commons.wanted AS w (request_id, edition_id, owner, record_id, item_id, home,
                                     pickup, fits, needed_by, placed_at, place, refused)
    SELECT :request, :edition, CAST(:owner AS integer), CAST(:record AS uuid),
           CAST(:item AS uuid), :home, :pickup, :fits, CAST(:needed_by AS date),
           mine.placed_at,
           1 + (SELECT count(*) FROM commons.wanted o WHERE o.edition_id = :edition
                AND (o.suspended_until IS NULL OR o.suspended_until <= now())
                AND (o.rank, o.placed_at, o.request_id) < (0, mine.placed_at, :request)),
           CAST(:refused AS integer[])
    FROM mine
    ON CONFLICT (request_id) DO UPDATE SET
        offered_by = NULL, offered_at = NULL, pickup = excluded.pickup, refused = excluded.refused,
        needed_by = excluded.needed_by
""").bindparams(bindparam("fits", type_=JSONB()))
UNWANT = text("""
    WITH gone AS (DELETE FROM commons.wanted WHERE request_id = :request
                  RETURNING request_id, edition_id, placed_at, place),
         kept AS (INSERT INTO commons.waited (request_id, edition_id, placed_at, place)
                  SELECT request_id, edition_id, placed_at, place FROM gone WHERE :filled
                  ON CONFLICT DO NOTHING)
    SELECT FROM gone
""")
TITLE = text("SELECT edition_id FROM commons.wanted WHERE request_id = :request")
SUSPEND = text("""
    UPDATE commons.wanted SET suspended_until = coalesce(CAST(:until AS timestamptz), 'infinity')
    WHERE request_id = :request RETURNING edition_id
""")
RESUME = text("""
    UPDATE commons.wanted SET suspended_until = NULL
    WHERE request_id = :request RETURNING edition_id
""")
PLACE = text("""
    WITH me AS (SELECT * FROM commons.wanted WHERE request_id = :request),
    queue AS (
        SELECT count(*) FILTER (WHERE w.request_id <> me.request_id AND ahead) + 1 AS position,
               count(*) AS total
        FROM me JOIN commons.wanted w ON w.edition_id = me.edition_id
        CROSS JOIN LATERAL (SELECT (w.rank, w.placed_at, w.request_id)
                                   < (me.rank, me.placed_at, me.request_id) AS ahead) AS turn
        WHERE w.request_id = me.request_id
           OR w.suspended_until IS NULL OR w.suspended_until <= now()
    ), turns AS (
        SELECT count(*) AS known,
               percentile_cont(ARRAY[0.5, 0.1, 0.9]) WITHIN GROUP (
                   ORDER BY extract(epoch FROM w.filled_at - w.placed_at) / 86400 / w.place)
                   AS days
        FROM me JOIN commons.waited w ON w.edition_id = me.edition_id
    )
    SELECT position, total, known, days[1] AS median, days[2] AS low, days[3] AS high
    FROM queue, turns WHERE EXISTS (SELECT FROM me)
""")


class Place(Struct, frozen=True, kw_only=True):
    """Where a request stands, and how many days others needed from such a place.

    The days are None while nobody can know: fewer than three have waited for this title.
    """

    position: int
    total: int
    wait_median: float | None = None
    wait_low: float | None = None
    wait_high: float | None = None


async def want(session: AsyncSession, wish: Wish, refused: Sequence[int] = ()) -> None:
    """Let *wish* wait for its title, in the order of first asking.

    Said again it keeps its place, and whatever copy was kept for it is free for others.
    """
    if wish.edition is None:
        return
    told = {
        "request": wish.request,
        "edition": wish.edition,
        "owner": wish.owner,
        "record": wish.record,
        "item": wish.item,
        "home": wish.home,
        "pickup": wish.pickup,
        "fits": wish.fits,
        "needed_by": wish.needed_by,
        "refused": list(refused),
    }
    async with public_work(_database(session).public) as public:
        await public.execute(WANT, told)
    await offer_all(session, wish.edition)
    if wish.item and wish.record and wish.owner and wish.owner not in refused:
        # only its owner knows whether it is on the shelf
        emit(session, ItemsChanged(about=wish.record, records=[wish.record]), to=wish.owner)


async def unwant(session: AsyncSession, request: UUID, *, filled: bool = False) -> None:
    """It waits no longer: *filled*, or given up; a copy kept for it goes to the next."""
    order = UNWANT.bindparams(request=request, filled=filled)
    async with public_work(_database(session).public) as public:
        edition = await public.scalar(TITLE, {"request": request})
        if filled:
            await public.execute(order)
    if edition and not filled:
        await offer_all(session, edition, order)  # one transaction: no crash comes between


async def suspend(session: AsyncSession, request: UUID, until: datetime | None = None) -> None:
    """Let others go first until then, or until it is resumed; the place is kept."""
    await _change(session, SUSPEND, {"request": request, "until": until})


async def resume(session: AsyncSession, request: UUID) -> None:
    """Wait on, from the place that was kept."""
    edition = await _change(session, RESUME, {"request": request})
    if edition:
        await offer_all(session, edition)


async def _change(session: AsyncSession, order: TextClause, told: dict[str, object]) -> UUID | None:
    """Give the order; the title that is waited for, if it is waited for."""
    async with public_work(_database(session).public) as public:
        return (await public.scalars(order, told)).one_or_none()


def _database(session: AsyncSession) -> Database:
    found: Database = session.info["database"]
    return found


async def place_of(session: AsyncSession, request: UUID) -> Place | None:
    """Position and total as the rows stand now; None when it does not wait."""
    found = (await session.execute(PLACE, {"request": request})).one_or_none()
    if found is None:
        return None
    if found.known < LEAST:
        return Place(position=found.position, total=found.total)
    days = [float(turn) * found.position for turn in (found.median, found.low, found.high)]
    return Place(
        position=found.position,
        total=found.total,
        wait_median=days[0],
        wait_low=days[1],
        wait_high=days[2],
    )
