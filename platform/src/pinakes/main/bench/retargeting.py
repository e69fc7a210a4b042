"""Ten thousand readers wait; a copy for each comes back at once, by a message of its own."""

import asyncio
import time

import asyncpg
from sqlalchemy import text

from pinakes.main.bench import stockroom
from pinakes.main.bench.ground import Ground, ground
from pinakes.main.bench.report import Report, Result
from pinakes.main.bench.stockroom import Stock
from pinakes.main.features import FEATURES
from pinakes.main.worker import listeners_of
from pinakes.platform.carrier import carry
from pinakes.platform.db import Database, public_work

STOCK = Stock(branches=10, readers=1, records=1_000, items=1_000)
HOLDS = STOCK.branches * STOCK.records
WAITING = """
INSERT INTO commons.setting VALUES (1, 'calendar.closed_weekdays', '[]', false);
INSERT INTO commons.edition (id, consortium_id, key, rule)
SELECT id, 1, id::text, 'bench' FROM record;
INSERT INTO commons.holding (tenant_id, record_id, edition_id, title_fields, call_numbers, items,
                             available)
SELECT tenant_id, id, id, '{}', '{}', 1, 0 FROM record;
INSERT INTO commons.wanted (request_id, edition_id, home, pickup, kind, place)
SELECT uuidv7(), id, 1 + tenant_id % 10, 1 + tenant_id % 10, 'book', 1 FROM record;
ANALYZE;
"""
RETURNED = """
INSERT INTO outbox (tenant_id, id, receiver, about, kind, body)
SELECT tenant_id, uuidv7(), tenant_id, id, 'ItemsChanged',
       jsonb_build_object('about', id, 'records', jsonb_build_array(id))
FROM record;
"""
OFFERED = text("SELECT count(*) FROM commons.wanted WHERE offered_by IS NOT NULL")


def run() -> Report:
    """About a minute."""
    with ground() as place:
        stockroom.fill(place.postgres, STOCK)
        seconds = asyncio.run(retargeted(place))
    result = Result(
        metric="retargeting_seconds",
        value=round(seconds, 1),
        must=60,
        goal=30,
        better="lower",
        unit="s",
    )
    return Report(bench="retargeting", results=[result], facts={"holds": HOLDS})


async def retargeted(place: Ground) -> float:
    """Seconds from ten thousand returns until every reader's home has been told."""
    strong = await asyncpg.connect(place.postgres.address("postgres"))
    await strong.execute(WAITING)
    listeners = listeners_of(FEATURES)
    async with Database.open(place.settings) as database:
        await strong.execute(RETURNED)
        begun = time.monotonic()
        while await offered(database) < HOLDS:
            await carry(database, listeners)
        seconds = time.monotonic() - begun
    await strong.close()
    return seconds


async def offered(database: Database) -> int:
    """For how many a copy is kept by now."""
    async with public_work(database.public) as public:
        return int((await public.execute(OFFERED)).scalar_one())
