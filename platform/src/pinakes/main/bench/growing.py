"""A request's life beside a thousand finished ones, and beside a million.

Both sides are pgbench with the product's own statements, on two databases that differ in nothing
else. A million requests are a year's; of their messages the last thirty days' are still there.
"""

import asyncio
from collections.abc import Sequence

import asyncpg
from msgspec.structs import replace

from pinakes.main.bench import lives
from pinakes.main.bench.filling import filling
from pinakes.main.bench.ground import Ground, ground
from pinakes.main.bench.lives import APART, RING
from pinakes.main.bench.replaying import FLOOR, Script, recorded, replay
from pinakes.main.bench.report import Report, Result, paired

FEW, MANY = 1_000, 1_000_000
ROUNDS = 5
SECONDS = 3.0
YEAR = 365  # days
GROW = """
SET session_replication_role = replica;
CREATE TEMP TABLE place AS
    SELECT n, head, (head || '0000')::uuid AS request, -- all ids in it begin alike
           now() - n * interval '{year} days' / {many} AS at
    FROM generate_series(1, {many}) n,
         LATERAL (SELECT '0190' || lpad(to_hex(n), 8, '0') || '7000800000000000') AS id (head);
CREATE TEMP TABLE asked AS SELECT r.* FROM request r WHERE over LIMIT 1;
CREATE TEMP TABLE played AS
    SELECT p.*, CASE role WHEN 'requester' THEN 0 WHEN 'supplier' THEN 1 ELSE 2 END AS away
    FROM request_party p JOIN asked ON p.request_id = asked.id;
CREATE TEMP TABLE said AS
    SELECT o.*, lpad((row_number() OVER ())::text, 4, '0') AS tail
    FROM (SELECT * FROM outbox ORDER BY id DESC LIMIT 31) o;
BEGIN;
TRUNCATE request, request_party, outbox, transit; -- what it has made itself goes in without a log
UPDATE pg_index SET indisready = false -- until REINDEX: those with rows of these are built at once
WHERE indrelid IN ('request'::regclass, 'request_party'::regclass, 'outbox'::regclass)
  AND (indpred IS NULL
       OR indexrelid IN ('outbox_sent'::regclass, 'request_to_cut'::regclass,
                         'request_party_ended'::regclass, 'request_party_to_cut'::regclass));
INSERT INTO request (tenant_id, id, created_at, person_id, title, edition_id, kind, pickup_id,
    service, note, in_house, attempt, state, over, changed_at)
SELECT 1 + {apart} * (1 + n % {ring}), request, at, person_id, title, edition_id, kind, pickup_id,
    service, note, in_house, attempt, state, over, at
FROM asked, place;
INSERT INTO request_party (tenant_id, id, created_at, request_id, role, attempt, version, home_id,
    pickup_id, supplier_id, state, model, service, flags, facts, over, item_id, reasons, said,
    changed_at)
SELECT 1 + {apart} * (1 + (n + away) % {ring}), (head || '000' || away)::uuid, at,
    request, role, attempt, version, home_id, pickup_id, supplier_id, state, model,
    service, flags, facts, over, item_id, reasons, said, at
FROM place, played;
INSERT INTO outbox (tenant_id, id, created_at, receiver, seq, about, kind, version, body, state,
                    sent_at)
SELECT 1 + {apart} * (1 + n % {ring}), (head || tail)::uuid, at,
       1 + {apart} * (1 + (n + 1) % {ring}), n, request, kind, version, body, 'sent', at
FROM place, said WHERE n <= {many} * 30 / {year};
DO $$ DECLARE name regclass; BEGIN
    FOR name IN SELECT indexrelid FROM pg_index WHERE NOT indisready LOOP
        EXECUTE 'REINDEX INDEX ' || name;
    END LOOP;
END $$;
COMMIT;
"""
# what nobody reads again is as good as vacuumed; nobody asks by what is JSON
TIDY = """
ANALYZE request,
    request_party (tenant_id, id, created_at, request_id, role, attempt, state, over, changed_at),
    outbox (tenant_id, id, created_at, receiver, seq, about, kind, state, patient, due_at, sent_at);
SELECT pg_stat_reset_single_table_counters(oid) FROM pg_class
WHERE relname IN ('request', 'request_party', 'outbox');
"""


def run() -> Report:
    """About two minutes."""
    with ground() as place:
        with filling(place.postgres):
            script = asyncio.run(prepared(place))
        return Report(bench="growing", results=[measured(place, script)])


async def prepared(place: Ground) -> Script:
    script = await twins(place)
    await grow(place)
    return script


def measured(place: Ground, script: Script) -> Result:
    """Both sides, in turns."""
    warm(place, script)
    return compared([both(place, script, number) for number in range(ROUNDS)])


async def twins(place: Ground) -> Script:
    """The replay of a life, and two databases to replay it in."""
    await asyncio.to_thread(lives.stock, place.postgres)
    return await recorded(place, "few", "many")


async def grow(place: Ground) -> None:
    """Put little behind the one, and much behind the other."""
    for name, many in (("few", FEW), ("many", MANY)):
        strong = await asyncpg.connect(place.postgres.address("postgres", name))
        told = {"many": many, "year": YEAR, "apart": APART, "ring": RING}
        await strong.execute(GROW.format(**told), timeout=600)
        await strong.execute(TIDY, timeout=600)
        await strong.close()


def warm(place: Ground, script: Script) -> None:
    """Nobody counts what comes first."""
    for database in ("few", "many"):
        lived(place, script, database, ROUNDS, 1)


def both(place: Ground, script: Script, number: int) -> tuple[float, float]:
    """Lives a second with little and with much behind them."""
    return lived(place, script, "few", number), lived(place, script, "many", number)


def lived(
    place: Ground, script: Script, database: str, number: int, seconds: float = SECONDS
) -> float:
    address = f"postgresql://{FLOOR}:{FLOOR}@127.0.0.1:{place.postgres.port}/{database}"
    return replay(script, address, seconds, (number + 1) * 100_000)


def compared(rounds: Sequence[tuple[float, float]]) -> Result:
    slower = paired("step_1m_vs_1k", rounds, must=1.2, goal=1.1, unit="lives/s, few : many")
    return replace(slower, better="lower")
