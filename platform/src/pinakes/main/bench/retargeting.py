"""Ten thousand requests wait; a copy for each comes back at once, by a message of its own.

It is over when each has been asked of a supplier. Lending goes on all the time: what a checkout
takes meanwhile is compared with what it took just before, and just after.
"""

import asyncio
import time
from collections.abc import Awaitable
from hashlib import md5
from itertools import pairwise
from uuid import UUID

import asyncpg
from msgspec.structs import replace

from pinakes.main.bench import serving, stockroom
from pinakes.main.bench.calm import CALM, make_room
from pinakes.main.bench.ground import Ground, ground
from pinakes.main.bench.lives import code, desks
from pinakes.main.bench.paced import Lent, Order, lending
from pinakes.main.bench.report import Report, Result, paired
from pinakes.main.bench.stockroom import Stock

STOCK = Stock(branches=10, readers=2_000, records=1_000, items=4_000)
HOLDS = STOCK.branches * STOCK.records
FIRST, REST = 3.0, 1.0  # seconds of lending that nobody counts: at first, and behind the copies
IDLE = 5.0  # seconds of lending alone in a round
BEFORE, AFTER = 2, 2  # such rounds
PATIENCE = 300.0  # seconds
TITLES = """
INSERT INTO commons.setting VALUES (1, 'calendar.closed_weekdays', '[]', false);
INSERT INTO commons.edition (id, consortium_id) SELECT id, 1 FROM record;
INSERT INTO commons.holding (tenant_id, record_id, edition_id, title_fields, call_numbers, items,
                             available, kinds)
SELECT tenant_id, id, id, '{}', '{}', 1, 0, '{"book": 0}' FROM record;
"""
ONE_WAITS = "SELECT EXISTS (SELECT FROM commons.wanted)"
# Like the one that a reader has placed: one for every title, at the branch behind its owner.
ALL_WAIT = """
CREATE TEMP TABLE alike AS
    SELECT r.id AS book, 1 + r.tenant_id % {branches} AS here, uuidv7() AS wish,
           uuidv7() AS part, md5((1 + r.tenant_id % {branches}) || '/' || r.key)::uuid AS who
    FROM record r WHERE r.id NOT IN (SELECT edition_id FROM commons.wanted);
INSERT INTO alarm SELECT (jsonb_populate_record(a, jsonb_build_object(
    'tenant_id', here, 'id', part))).* FROM request_party p JOIN alarm a USING (id), alike;
INSERT INTO request SELECT (jsonb_populate_record(r, jsonb_build_object(
    'tenant_id', here, 'id', wish, 'edition_id', book, 'person_id', who,
    'pickup_id', here))).* FROM request r, alike;
INSERT INTO request_party SELECT (jsonb_populate_record(p, jsonb_build_object(
    'tenant_id', here, 'id', part, 'request_id', wish, 'home_id', here, 'pickup_id', here,
    'facts', facts || jsonb_build_object('edition', book, 'person', who)))).*
FROM request_party p, alike;
INSERT INTO commons.wanted SELECT (jsonb_populate_record(w, jsonb_build_object(
    'request_id', wish, 'edition_id', book, 'home', here, 'pickup', here))).*
FROM commons.wanted w, alike;
ANALYZE;
"""
RETURNED = """
INSERT INTO outbox (tenant_id, id, receiver, about, kind, body)
SELECT tenant_id, uuidv7(), tenant_id, id, 'ItemsChanged',
       jsonb_build_object('about', id, 'records', jsonb_build_array(id))
FROM record;
"""
ASKED = "SELECT count(*) FROM request_party WHERE role = 'supplier'"

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
    """When books were lent alone, and when copies came back, until suppliers had been asked."""
    strong = await asyncpg.connect(place.postgres.address("postgres"))
    await strong.execute(TITLES)
    await one_waits(place, port, strong)
    await strong.execute(ALL_WAIT.format(branches=STOCK.branches))
    await make_room(strong)
    async with lending(desk(place, port)) as lent:
        await asyncio.sleep(FIRST)
        idle = [await span(asyncio.sleep(IDLE)) for _ in range(BEFORE)]
        busy = await span(brought_back(strong))
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


async def one_waits(place: Ground, port: int, strong: asyncpg.Connection) -> None:
    """A reader of the second branch asks for a title of the first, which has none at hand."""
    person, title = (UUID(md5(name).hexdigest()) for name in (b"2/0", b"1.0"))  # noqa: S324
    async with desks(place, port) as there:
        wish = {"pickup": code(2), "edition": title}
        await there.post(2, "/requests", wish, place.reader(person, code(2)))
    while not await strong.fetchval(ONE_WAITS):  # noqa: ASYNC110  (the worker does it)
        await asyncio.sleep(0.1)


async def brought_back(strong: asyncpg.Connection) -> None:
    """Until a branch has been asked for each of them."""
    await strong.execute(RETURNED)
    while await strong.fetchval(ASKED) < HOLDS:  # noqa: ASYNC110  (others do it)
        await asyncio.sleep(0.1)
