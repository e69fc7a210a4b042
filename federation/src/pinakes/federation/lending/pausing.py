"""A reader lets others go first for a while; the place in the queue is kept."""

from collections.abc import Sequence
from datetime import date, datetime, time
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.federation.holds import service as holds
from pinakes.federation.lending.service import mine
from pinakes.platform.audit import note
from pinakes.platform.clock import local, now
from pinakes.platform.db import Database
from pinakes.platform.directory import Tenant
from pinakes.platform.errors import BadRequest, Conflict
from pinakes.platform.identity import Principal

ASLEEP = text("""
    SELECT request_id, CASE WHEN isfinite(suspended_until) THEN suspended_until END AS until
    FROM commons.wanted
    WHERE request_id = ANY(CAST(:requests AS uuid[])) AND suspended_until > now()
""")


class NotInQueue(Conflict):
    code = "request_not_in_queue"
    title = "This request does not wait in the queue"


class DayPast(BadRequest):
    code = "day_past"
    title = "This day has passed already"


async def suspend(
    session: AsyncSession,
    database: Database,
    here: Tenant,
    asker: Principal,
    request: UUID,
    until: date | None,
) -> None:
    """Wait on only from the beginning of that day at home, or when it is resumed.

    Raises:
        NotInQueue: a library has been asked already, or it is over.
        DayPast: that day has begun.
    """
    await _in_queue(session, asker, request)
    if until is not None and until <= local(now(), here.zone).date():
        raise DayPast("Name a later day, or none.", until=until.isoformat())
    session.info["database"] = database
    begins = datetime.combine(until, time.min, ZoneInfo(here.zone)) if until else None
    await holds.suspend(session, request, begins)
    note(session, "request.suspend", request)


async def resume(
    session: AsyncSession, database: Database, asker: Principal, request: UUID
) -> None:
    """Wait on from the place that was kept; NotInQueue when it does not wait at all."""
    await _in_queue(session, asker, request)
    session.info["database"] = database
    await holds.resume(session, request)
    note(session, "request.resume", request)


async def _in_queue(session: AsyncSession, asker: Principal, request: UUID) -> None:
    row = await mine(session, asker, request)
    if row.state != "WAITING":
        raise NotInQueue("Only what waits can let others go first.", state=row.state)


async def asleep(session: AsyncSession, requests: Sequence[UUID]) -> dict[UUID, datetime | None]:
    """Those of the requests that let others go first, each until when; None: until resumed."""
    rows = await session.execute(ASLEEP, {"requests": list(requests)})
    return {row.request_id: row.until for row in rows}
