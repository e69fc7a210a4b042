"""Picking a supplier among 3,419 branches and a million titles, against one look by primary key.

Both sides are PostgreSQL's processor time: of the one backend that answers, as the kernel counts
it. Titles are drawn by the number of their holders, as readers meet them.
"""

import asyncio
import random
from dataclasses import dataclass
from hashlib import md5
from pathlib import Path
from statistics import median
from uuid import UUID, uuid4

import asyncpg

from pinakes.federation.holds.choosing.service import Nobody, Wish, weigh
from pinakes.main.bench.filling import filling
from pinakes.main.bench.ground import ground
from pinakes.main.bench.report import Report, Result
from pinakes.main.embedded.postgres import Postgres
from pinakes.tenants.circulation.hot import Row

BRANCHES, TITLES = 3_419, 1_000_000
SPREAD = 0.55  # the title of rank i has BRANCHES / i ** SPREAD holders
ROUNDS, EACH, AGAIN = 7, 40, 5  # titles per round; looks per title
FIRST = 41 + 479  # the first county's number: hub, provinces and cities come before
SIZES = {"branches": BRANCHES, "titles": TITLES, "spread": SPREAD, "first": FIRST}
PICK = "SELECT * FROM commons.shortlist($1, $2, $3, $4, '{}', NULL, NULL, NULL)"
FLOOR = "SELECT * FROM commons.holding WHERE tenant_id = $1 AND record_id = $2"
HELD = "SELECT tenant_id, record_id FROM commons.holding WHERE edition_id = $1 LIMIT 1"
TREE = """
INSERT INTO commons.consortium (id, code, name_zh, name_en) VALUES (1, 'bench', '测', 'Bench');
INSERT INTO commons.tenant (id, consortium_id, code, kind, parent_id, path, name_zh, name_en,
                            state, zone, version, latitude, longitude)
SELECT t, 1, 'branch-' || t, kind, path[cardinality(path) - 1], path, '馆', 'Branch', 'active',
       'Asia/Shanghai', t, 20 + p % 8 * 3.5 + random() * 3, 80 + p % 37 * 1.4 + random() * 4
FROM generate_series(1, {branches}) t,
     LATERAL (SELECT CASE WHEN t > {first} THEN 42 + t % 479 WHEN t > 41 THEN t END AS c) AS city,
     LATERAL (SELECT CASE WHEN t > 41 THEN 2 + c % 40 WHEN t > 1 THEN t END AS p) AS province,
     LATERAL (SELECT array_remove(ARRAY[1, p, c, CASE WHEN t > {first} THEN t END], NULL) AS path,
                     CASE WHEN t > {first} THEN 'county' WHEN t > 41 THEN 'city'
                          WHEN t > 1 THEN 'province' ELSE 'hub' END AS kind) AS place
ORDER BY t;
INSERT INTO commons.setting
SELECT t, 'supply.groups', '["mountains"]', false FROM generate_series(42, 60) t;
UPDATE commons.supplier SET open = (random() * 40)::integer, balance = (random() * 200)::integer;
"""
HOLDINGS = """
SET session_replication_role = replica;
BEGIN;
TRUNCATE commons.edition, commons.edition_mark, commons.holding;
UPDATE pg_index SET indisready = false -- until REINDEX: they are built at once
WHERE indrelid IN ('commons.edition'::regclass, 'commons.holding'::regclass);
INSERT INTO commons.edition (id, consortium_id)
SELECT md5(i::text)::uuid, 1 FROM generate_series(1, {titles}) i;
INSERT INTO commons.holding (tenant_id, record_id, edition_id, title_fields, call_numbers, items,
                             available, lendable, kinds)
SELECT 1 + (i::bigint * 7919 + n * (1 + i % 12) * 101) % {branches},
       (head || to_hex(4096 + n))::uuid, edition, fields, numbers, 3, 1 + n % 2, 1 + n % 2,
       '{{"book": 1}}'
FROM (SELECT i, md5(i::text)::uuid AS edition, left(md5(i::text), 28) AS head,
             ARRAY['I247.5/' || i] AS numbers,
             json_build_object('title', 'Title ' || i, 'year', 1980 + i % 45,
                               'publisher', 'Bench',
                               'responsibility', 'Somebody of ' || i) AS fields
      FROM generate_series(1, {titles}) i OFFSET 0) AS title, -- once for each title
     generate_series(1, least({branches}, ceil({branches} * i::float ^ -{spread})::integer)) n;
REINDEX TABLE commons.edition;
REINDEX TABLE commons.holding;
COMMIT;
VACUUM ANALYZE;
"""


def run() -> Report:
    """A minute and a half."""
    with ground() as place:
        with filling(place.postgres):
            asyncio.run(fill(place.postgres))
        return asyncio.run(measured(place.postgres))


async def fill(postgres: Postgres) -> None:
    """Branches, titles and who holds them."""
    strong = await asyncpg.connect(postgres.address("postgres"))
    for order in filter(str.strip, (TREE + HOLDINGS).format(**SIZES).split(";\n")):
        await strong.execute(order, timeout=600)
    await strong.close()


async def measured(postgres: Postgres) -> Report:
    """Look at titles as they are drawn, and at the one that everybody holds."""
    backend = Backend(await asyncpg.connect(postgres.address("pinakes_app")))
    await one_round(backend)
    rounds = [await one_round(backend) for _ in range(ROUNDS)]
    await backend.connection.close()
    drawn = sorted(cost / round.floor for round in rounds for cost in round.drawn)
    return Report(
        bench="choosing",
        results=[
            result("picking_vs_key_read", [one.middle for one in rounds], must=10, goal=4),
            result("picking_of_all_vs_key_read", [one.common for one in rounds], must=100, goal=30),
        ],
        facts={
            "primary_key_read_us": round(median(one.floor for one in rounds), 1),
            "drawn_p95": round(drawn[int(len(drawn) * 0.95)], 2),
            "drawn_most": round(drawn[-1], 2),
        },
    )


@dataclass(frozen=True)
class Round:
    """Microseconds of looks by key, of titles as drawn, and of the title that all hold."""

    floor: float
    drawn: list[float]
    held_by_all: float

    @property
    def middle(self) -> float:
        return median(self.drawn) / self.floor

    @property
    def common(self) -> float:
        return self.held_by_all / self.floor


async def one_round(backend: "Backend") -> Round:
    """Keys, titles and the one that all hold take turns."""
    floors, drawn, common = list[float](), list[float](), list[float]()
    for _ in range(EACH):
        title = title_of(int(TITLES * random.random() ** (1 / (1 - SPREAD))) + 1)  # noqa: S311
        key = await backend.connection.fetchrow(HELD, title)
        assert key is not None  # noqa: S101  (every title is held)
        floors.append(await backend.cost(FLOOR, *key))
        drawn.append(await backend.pick(title))
        common.append(await backend.pick(title_of(1)))
    return Round(median(floors), drawn, median(common))


def title_of(rank: int) -> UUID:
    """The id that the SQL above gives the title of this rank."""
    return UUID(md5(str(rank).encode(), usedforsecurity=False).hexdigest())


def result(metric: str, ratios: list[float], *, must: float, goal: float) -> Result:
    return Result(
        metric=metric,
        value=round(median(ratios), 2),
        must=must,
        goal=goal,
        better="lower",
        min=round(min(ratios), 2),
        max=round(max(ratios), 2),
    )


class Backend:
    """One connection, and the processor time of the process that serves it."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self.connection = connection
        self.clock = Path(f"/proc/{connection.get_server_pid()}/schedstat")

    def spent(self) -> float:
        """Microseconds so far, of work that has ended."""
        return int(self.clock.read_text().split()[0]) / 1000

    async def cost(self, query: str, *arguments: object) -> float:
        """Microseconds of one look, when the pages are in memory."""
        prepared = await self.connection.prepare(query)
        await prepared.fetch(*arguments)
        before = self.spent()
        for _ in range(AGAIN):
            await prepared.fetch(*arguments)
        return (self.spent() - before) / AGAIN

    async def pick(self, title: UUID) -> float:
        """The same of a shortlist for a reader of some county, which has to lead to a choice."""
        home = random.randrange(FIRST, BRANCHES)  # noqa: S311
        wish = Wish(request=uuid4(), home=home, pickup=home, edition=title)
        told = (wish.request, home, home, title)
        rows = await self.connection.fetch(PICK, *told, record_class=Row)
        if isinstance(weigh(rows, wish), Nobody):
            raise RuntimeError(f"nobody was found for {title}")
        return await self.cost(PICK, *told)
