"""Ten thousand readers wait; a copy for each comes back at once, by a message of its own.

Lending goes on all the time: what a checkout takes meanwhile is compared with what it took just
before, and just after.
"""

import asyncio
import time
from collections.abc import Awaitable
from itertools import pairwise

import asyncpg
from msgspec.structs import replace
from sqlalchemy import text

from pinakes.main.bench import serving, stockroom
from pinakes.main.bench.calm import CALM, make_room
from pinakes.main.bench.ground import Ground, ground
from pinakes.main.bench.paced import Lent, Order, lending
from pinakes.main.bench.report import Report, Result, paired
from pinakes.main.bench.stockroom import Stock
from pinakes.platform.db import Database, public_work

STOCK = Stock(branches=10, readers=2_000, records=1_000, items=4_000)
HOLDS = STOCK.branches * STOCK.records
FIRST, REST = 3.0, 1.0  # seconds of lending that nobody counts: at first, and behind the copies
IDLE = 5.0  # seconds of lending alone in a round
BEFORE, AFTER = 2, 2  # such rounds
PATIENCE = 300.0  # seconds
WAITING = """
INSERT INTO commons.setting VALUES (1, 'calendar.closed_weekdays', '[]', false);
INSERT INTO commons.edition (id, consortium_id) SELECT id, 1 FROM record;
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

type Span = tuple[float, float]  # of the machine's clock


def run() -> Report:
    """A minute and a half."""
    with ground(CALM) as place:
        stockroom.fill(place.postgres, STOCK)
        with serving.api(place.settings) as api, serving.worker(place.settings):
            lent, idle, busy = asyncio.run(retargeted(place, api.port))
    parts = zip(slices(busy, len(idle)), idle, strict=True)
    rounds = [(lent.p95(*meanwhile), lent.p95(*alone)) for meanwhile, alone in parts]
    slower = paired("checkout_p95_while_retargeting", rounds, must=1.5, goal=1.2, unit="ms")
    result = Result(
        metric="retargeting_seconds",
        value=round(busy[1] - busy[0], 1),
        must=60,
        goal=30,
        better="lower",
        unit="s",
    )
    results = [result, replace(slower, better="lower")]
    return Report(bench="retargeting", results=results, facts={"holds": HOLDS})


async def retargeted(place: Ground, port: int) -> tuple[Lent, list[Span], Span]:
    """When books were lent alone, and when copies came back, until all homes had been told."""
    strong = await asyncpg.connect(place.postgres.address("postgres"))
    await strong.execute(WAITING)
    await make_room(strong)
    async with Database.open(place.settings) as database, lending(desk(place, port)) as lent:
        await asyncio.sleep(FIRST)
        idle = [await span(asyncio.sleep(IDLE)) for _ in range(BEFORE)]
        busy = await span(brought_back(strong, database))
        await asyncio.sleep(REST)
        idle += [await span(asyncio.sleep(IDLE)) for _ in range(AFTER)]
    await strong.close()
    return lent, idle, busy


def slices(whole: Span, many: int) -> list[Span]:
    """As many parts of equal length."""
    began, ended = whole
    edges = [began + (ended - began) * number / many for number in range(many + 1)]
    return list(pairwise(edges))


def desk(place: Ground, port: int) -> Order:
    """Who lends 100 a second, and nothing of what is waited for."""
    return Order(
        port=port,
        token=place.token("desk@branch-1*"),
        branches=STOCK.branches,
        readers=STOCK.readers,
        first=STOCK.records,
        seconds=PATIENCE,
    )


async def span(act: Awaitable[None]) -> Span:
    """When it began, and when it ended."""
    began = time.monotonic()
    await act
    return began, time.monotonic()


async def brought_back(strong: asyncpg.Connection, database: Database) -> None:
    """Until a copy is kept for everybody who waits."""
    await strong.execute(RETURNED)
    while await offered(database) < HOLDS:  # noqa: ASYNC110  (others do it)
        await asyncio.sleep(0.1)


async def offered(database: Database) -> int:
    """For how many a copy is kept by now."""
    async with public_work(database.public) as public:
        return int((await public.execute(OFFERED)).scalar_one())
