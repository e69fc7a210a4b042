"""What was really asked for in the last weeks, for replaying: from the public tables alone."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.federation.holds.choosing.policy import versions
from pinakes.federation.holds.choosing.world import Branch, Demand, World
from pinakes.platform.clock import now

BRANCHES = text("""
    SELECT s.tenant_id AS id, t.code, s.province, s.city, s.latitude, s.longitude, s.courier_days,
           s.cost, s.daily_cap, s.last_resort, s.groups, s.pause_from, s.pause_until, p.versions,
           terms -> 'calendar.closed_weekdays' AS closed_weekdays,
           terms -> 'calendar.closed_days' AS closed_days
    FROM commons.supplier s JOIN commons.tenant t ON t.id = s.tenant_id
    JOIN commons.supplier_policy p USING (tenant_id)
    CROSS JOIN LATERAL commons.all_effective(t.id, 'calendar.closed_weekdays',
                                             'calendar.closed_days') AS said (terms)
    WHERE s.active
""").columns(closed_weekdays=JSONB(), closed_days=JSONB())
ASKED = text("""
    SELECT DISTINCT ON (request_id) request_id, home, edition_id, asked_at, needed_by FROM (
        SELECT s.request_id, s.home, s.edition_id, s.asked_at, w.needed_by
        FROM commons.supply s LEFT JOIN commons.wanted w USING (request_id)
        WHERE s.edition_id IS NOT NULL AND s.asked_at >= :since
        UNION ALL -- for which nobody could be asked
        SELECT request_id, home, edition_id, placed_at, needed_by FROM commons.wanted
        WHERE placed_at >= :since) AS asked
    ORDER BY request_id, asked_at
""")
HELD = text("""
    SELECT edition_id, tenant_id, sum(items)::integer AS items FROM commons.holding
    WHERE edition_id = ANY (CAST(:editions AS uuid[])) AND items > 0 GROUP BY 1, 2
""")


async def recorded(session: AsyncSession, days: int) -> tuple[World, list[Demand]]:
    """The branches as they are today, and the requests of the last *days* days (up to ``KEPT``).

    Known of a request is the day until which it is needed, while it waits; of a branch, its pause
    and calendar as they are set today. Who waited in vain and gave up is not known any more.
    """
    begin = now() - timedelta(days=days)
    branches = {row["id"]: branch(row) for row in (await session.execute(BRANCHES)).mappings()}
    rows = (await session.execute(ASKED, {"since": begin})).all()
    editions = list({row.edition_id for row in rows})
    numbers = {edition: number for number, edition in enumerate(editions)}
    holders: dict[int, dict[int, int]] = {number: {} for number in numbers.values()}
    for edition, tenant, items in await session.execute(HELD, {"editions": editions}):
        if tenant in branches:
            holders[numbers[edition]][tenant] = items
    known = (row for row in rows if row.home in branches)
    return World(branches, holders, begin.date()), demands(known, numbers, begin)


def branch(row: Mapping[Any, Any]) -> Branch:
    told = dict(row)
    return msgspec.convert({**told, "policies": versions(told.pop("versions"))}, Branch)


def demands(rows: Iterable[Any], numbers: dict[UUID, int], begin: datetime) -> list[Demand]:
    """Rows of ``ASKED``, counted in days since *begin*."""
    return [
        Demand(
            (row.asked_at - begin) / timedelta(days=1),
            row.home,
            numbers[row.edition_id],
            row.request_id,
            row.needed_by,
        )
        for row in rows
    ]
