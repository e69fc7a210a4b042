"""Ten thousand readers wait; a copy for each comes back at once, by a message of its own."""

import asyncio
import time
from itertools import cycle

import asyncpg
from msgspec.structs import replace
from sqlalchemy import text

from pinakes.main.bench import serving, stockroom
from pinakes.main.bench.ground import Ground, ground
from pinakes.main.bench.paced import Order, p95
from pinakes.main.bench.report import Report, Result, paired
from pinakes.main.bench.stockroom import Stock
from pinakes.platform.db import Database, public_work

STOCK = Stock(branches=10, readers=2_000, records=1_000, items=4_000)
SECONDS = 4.0  # of lending per round
HOLDS = STOCK.branches * STOCK.records
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


def run() -> Report:
    """A minute and a half."""
    with ground() as place:
        stockroom.fill(place.postgres, STOCK)
        with serving.api(place.settings) as api, serving.worker(place.settings):
            desk = Desk(place, api.port)
            seconds, busy, idle = asyncio.run(retargeted(place, desk))
    rounds = list(zip(busy, cycle(idle), strict=False))
    slower = paired("checkout_p95_while_retargeting", rounds, must=1.5, goal=1.2, unit="ms")
    result = Result(
        metric="retargeting_seconds",
        value=round(seconds, 1),
        must=60,
        goal=30,
        better="lower",
        unit="s",
    )
    results = [result, replace(slower, better="lower")]
    return Report(bench="retargeting", results=results, facts={"holds": HOLDS})


class Desk:
    """Lends at a fixed rate, round after round."""

    def __init__(self, place: Ground, port: int) -> None:
        self.token = place.token("desk@branch-1*")
        self.port = port
        self.first = STOCK.records  # behind those that are waited for

    async def p95(self) -> float:
        """Milliseconds of a checkout at 100 a second."""
        order = Order(
            port=self.port,
            token=self.token,
            branches=STOCK.branches,
            readers=STOCK.readers,
            first=self.first,
            seconds=SECONDS,
        )
        self.first += int(order.rate * SECONDS) // STOCK.branches + STOCK.branches
        return await asyncio.to_thread(p95, order)


async def retargeted(place: Ground, desk: Desk) -> tuple[float, list[float], list[float]]:
    """Seconds until every reader's home has been told; checkouts meanwhile, and else."""
    strong = await asyncpg.connect(place.postgres.address("postgres"))
    await strong.execute(WAITING)
    await desk.p95()  # nobody counts the first
    idle, busy = [await desk.p95(), await desk.p95()], list[float]()
    async with Database.open(place.settings) as database:
        await strong.execute(RETURNED)
        done = asyncio.create_task(all_offered(database))
        while not done.done():
            busy.append(await desk.p95())
        seconds = await done
    idle.append(await desk.p95())
    await strong.close()
    return seconds, busy, idle


async def all_offered(database: Database) -> float:
    """In how many seconds from now that is so."""
    begun = time.monotonic()
    while await offered(database) < HOLDS:  # noqa: ASYNC110  (others do it)
        await asyncio.sleep(0.1)
    return time.monotonic() - begun


async def offered(database: Database) -> int:
    """For how many a copy is kept by now."""
    async with public_work(database.public) as public:
        return int((await public.execute(OFFERED)).scalar_one())
