"""What holds look after once a minute."""

from collections import defaultdict
from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete, func, text

from pinakes.federation.holds.choosing.models import KEPT, NewCopies, Supply
from pinakes.federation.holds.models import Waited
from pinakes.federation.holds.newness import count_new
from pinakes.federation.holds.targeting import offer_all, offer_returned
from pinakes.platform.db import Database, public_work, unit_of_work

RECKON = text("""
    SELECT commons.reckon_suppliers(ARRAY(
        SELECT s.tenant_id FROM commons.supplier s JOIN commons.tenant t ON t.id = s.tenant_id
        WHERE s.reckoned < (now() AT TIME ZONE t.zone)::date))
""")
LOST = """
    offered_at < now() - interval '1 minute'
    AND NOT EXISTS (SELECT FROM commons.supply s
                    WHERE s.request_id = w.request_id AND s.ended_at IS NULL)
"""
TO_MEND = text(f"""
    SELECT edition_id, home FROM commons.wanted w WHERE suspended_until <= now() OR {LOST}
""")  # noqa: S608  (only our own words)
AWAKE = text("""
    UPDATE commons.wanted SET suspended_until = NULL
    WHERE edition_id = :edition AND suspended_until <= now()
""")
UNHEARD = text(f"""
    UPDATE commons.wanted w SET offered_by = NULL, offered_at = NULL
    WHERE edition_id = :edition AND {LOST}
""")  # noqa: S608  (only our own words)
WAITS_KEPT = timedelta(days=3 * 365)


async def keep_terms(database: Database) -> None:
    """A new day has begun somewhere: branches open and close by the calendar."""
    async with public_work(database.public) as public:
        await public.execute(RECKON)
        await public.execute(delete(Supply).where(Supply.ended_at < func.now() - KEPT))
        await public.execute(delete(Waited).where(Waited.filled_at < func.now() - WAITS_KEPT))


async def let_go(database: Database) -> None:
    """Copies that are new no longer serve whoever waits."""
    grown = delete(NewCopies).where(NewCopies.until <= func.now())
    gone = grown.returning(NewCopies.tenant_id, NewCopies.record_id)
    records = defaultdict[int, list[UUID]](list)
    async with public_work(database.public) as public:
        for branch, record in await public.execute(gone):
            records[branch].append(record)
    for branch, some in records.items():
        async with unit_of_work(database.app, branch, closed_too=True) as session:
            session.info["database"] = database
            await count_new(session, branch, some)
            await offer_returned(session, branch, some)


async def mend(database: Database) -> None:
    """Reservations whose suspension has ended wait on; offers that got lost are made anew.

    Each title's in one transaction with the offers: a crash in between leaves them to be mended.
    """
    async with public_work(database.public) as public:
        homes = {row.edition_id: row.home for row in await public.execute(TO_MEND)}
    for edition, home in homes.items():
        async with unit_of_work(database.app, home, closed_too=True) as session:
            session.info["database"] = database
            await offer_all(session, edition, AWAKE, UNHEARD)
