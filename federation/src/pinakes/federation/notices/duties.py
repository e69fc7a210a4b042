"""What the worker does about notices: it sends them, and looks ahead to due dates."""

import asyncio
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from itertools import batched
from logging import getLogger
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.federation.loans.service import due
from pinakes.federation.notices.machine import Channel
from pinakes.federation.notices.rendering import Renderer
from pinakes.federation.notices.sending import Courier
from pinakes.federation.notices.service import Telling, tell_all
from pinakes.federation.notices.wording import Facts
from pinakes.platform import clock
from pinakes.platform.config import Settings
from pinakes.platform.db import Database
from pinakes.platform.directory import Directory
from pinakes.platform.mail import MailServer
from pinakes.platform.turns import in_turn
from pinakes.tenants.registry.settings import effective

EVERY = 2.0  # seconds
BEHIND = timedelta(days=30)  # whoever has not been told by then is not told by us
AT_ONCE = 500  # readers and days
MORNING = range(8, 12)  # hours on the wall, each with one turn
ZONE = text("SELECT zone FROM commons.tenant WHERE id = :tenant")

log = getLogger(__name__)

type Loans = Mapping[tuple[UUID, date], list[tuple[str, datetime]]]  # reader and day: title, due


def courier(settings: Settings, database: Database) -> Courier:
    """Whoever sends the notices of this deployment."""
    render = Renderer(Directory(), settings.address)
    return Courier(database, render, MailServer.of(settings), settings.hooks_inside)


async def send(settings: Settings, database: Database) -> None:
    """Send what is due, each channel by itself, until cancelled."""
    sender = courier(settings, database)
    async with asyncio.TaskGroup() as tasks:
        for channel in Channel:
            tasks.create_task(without_end(sender, channel))


async def without_end(sender: Courier, channel: Channel) -> None:
    while True:
        try:
            while await sender.round(channel):
                pass
        except Exception:
            log.exception("notices wait: the database is away or refuses")
        await asyncio.sleep(EVERY)


async def look_ahead(database: Database) -> None:
    """Remind readers of what is due soon, and of what is late: in the morning."""

    async def work(session: AsyncSession, tenant: int) -> None:
        zone = str(await session.scalar(ZONE, {"tenant": tenant}))
        if clock.local(clock.now(), zone).hour in MORNING:
            await remind(session, tenant, zone)

    await in_turn(database, work)


async def remind(session: AsyncSession, tenant: int, zone: str) -> None:
    """One notice for all that a reader has to bring back by the same day."""
    ahead = (await effective(session, tenant, "notice.due_days")).value
    now = clock.now()
    midnight = datetime.combine(clock.local(now, zone), time.min, ZoneInfo(zone))
    soon = await by_day(session, zone, now, midnight + timedelta(days=ahead + 1))
    late = await by_day(session, zone, midnight - BEHIND, midnight)
    wishes = [
        telling(kind, person, day, loans)
        for kind, told in (("due_soon", soon), ("overdue", late))
        for (person, day), loans in sorted(told.items())  # as every other worker stores them
    ]
    for some in batched(wishes, AT_ONCE):
        await tell_all(session, some)


async def by_day(session: AsyncSession, zone: str, after: datetime, until: datetime) -> Loans:
    """Loans that are due in that time, by reader and by day on the wall."""
    found: dict[tuple[UUID, date], list[tuple[str, datetime]]] = {}
    for loan in await session.scalars(due(after, until)):
        key = (loan.person_id, clock.local(loan.due_at, zone).date())
        found.setdefault(key, []).append((loan.title, loan.due_at))
    return found


def telling(kind: str, person: UUID, day: date, loans: list[tuple[str, datetime]]) -> Telling:
    titles = tuple(sorted(title for title, _ in loans))
    at = min(moment for _, moment in loans)
    facts = Facts(titles=titles, due=int(at.timestamp()))
    return Telling(kind=kind, about=person, occasion=str(day), person=person, facts=facts)
