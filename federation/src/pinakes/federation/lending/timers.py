"""Timers: each rings once for its moment, however the clock jumps."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from logging import getLogger
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.federation.lending.deciding import turn
from pinakes.federation.lending.model import Role
from pinakes.federation.lending.models import PartyRow
from pinakes.federation.lending.views import WATCH, ask_all
from pinakes.platform.config import Settings
from pinakes.platform.db import Database, public_work, unit_of_work

EVERY = 1.0  # second
BATCH = 50
CLAIM = text("""
    UPDATE alarm a SET tries = tries + 1,
        due_at = coalesce(CAST(:moment AS timestamptz), now())
                 + interval '10 seconds' * power(2, least(tries, 8))
    FROM (SELECT tenant_id, id FROM alarm
          WHERE due_at <= coalesce(CAST(:moment AS timestamptz), now())
          ORDER BY due_at LIMIT :most FOR UPDATE SKIP LOCKED) AS due
    WHERE a.tenant_id = due.tenant_id AND a.id = due.id
    RETURNING a.tenant_id, a.id, coalesce(CAST(:moment AS timestamptz), now()) AS moment
""")
DROP = text("DELETE FROM alarm WHERE tenant_id = :tenant AND id = :id")

log = getLogger(__name__)


async def ring(_: Settings, database: Database) -> None:
    """Ring what is due, every second, until cancelled."""
    while True:
        try:
            while await ring_due(database):
                pass
        except Exception:
            log.exception("timers wait: the database is away or refuses")
        await asyncio.sleep(EVERY)


async def ring_due(database: Database, moment: datetime | None = None) -> int:
    """Ring one batch of what is due at this *moment*; how many those were.

    Without a moment the database says what time it is: all workers share its clock, and none can
    put a timer off with one of its own that is wrong. A claim is a lease: what fails rings again,
    later and later.
    """
    async with public_work(database.carrier) as session:
        told = {"moment": moment, "most": BATCH}
        rows: Sequence[tuple[int, UUID, datetime]] = [
            (row.tenant_id, row.id, row.moment) for row in await session.execute(CLAIM, told)
        ]
    for tenant, id, at in rows:
        try:
            async with unit_of_work(database.app, tenant, closed_too=True) as session:
                await ring_one(session, id, at)
        except Exception:
            log.exception("a timer failed; it rings again")
    return len(rows)


async def ring_one(session: AsyncSession, id: UUID, moment: datetime) -> None:
    """Ring a party's timer if it is still the one that was set; else forget it."""
    if id == WATCH:
        await ask_all(session, moment)
        return
    row = await session.scalar(select(PartyRow).where(PartyRow.id == id).with_for_update())
    due = row is not None and row.alarm_at is not None and row.alarm_at <= moment.timestamp()
    if row is None or row.alarm is None:
        await session.execute(DROP, {"tenant": session.info["tenant"], "id": id})
        return
    if not due:
        return
    work = turn(session)
    work.at = moment
    found = await work.find(row.request_id, Role(row.role), row.attempt)
    assert found is not None  # noqa: S101  (its row is locked)
    await work.happen(found, row.alarm)
    await work.write()
