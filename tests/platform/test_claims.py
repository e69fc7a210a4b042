"""What a claim costs does not grow with what is open, whenever its plan was made."""

import asyncio

import asyncpg
import pytest

from pinakes.main.embedded.postgres import Postgres
from pinakes.platform.carrier import ARRIVED, CLAIM, PATIENT, PROMPT, carry
from pinakes.platform.db import Database
from pinakes.platform.directory import Tenant

pytestmark = pytest.mark.anyio

OPEN, CLAIMED = 3_000, 20
BURST = """
    INSERT INTO outbox (tenant_id, id, receiver, about, kind, body, due_at)
    SELECT $1, gen_random_uuid(), $1, gen_random_uuid(), 'Nothing', '{}', now() - interval '1 hour'
    FROM generate_series(1, $2)
"""
SOME = """
    INSERT INTO outbox (tenant_id, id, receiver, about, kind, body, seq)
    SELECT id, gen_random_uuid(), id, gen_random_uuid(), 'Nothing', '{}', 1
    FROM commons.tenant LIMIT 20;
    ANALYZE outbox;
    DELETE FROM outbox
"""
QUIET = {"swept": "VACUUM ANALYZE outbox", "emptied": "TRUNCATE outbox", "remembered": SOME}
LOOKED = "SELECT idx_tup_fetch FROM pg_stat_xact_user_tables WHERE relname = 'outbox'"
WAITS = """
    SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
                   AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))
"""
AT_ONCE = 1_000  # messages that a claim numbers
EACH = 10  # rows looked at for one message, at most
AS_EVER = 10  # a plan is kept after a handful of runs


@pytest.mark.parametrize("quiet", QUIET.values(), ids=QUIET)
async def test_what_was_planned_in_a_quiet_time_reads_no_more_of_a_burst_than_it_takes(
    database: Database, postgres: Postgres, library: Tenant, quiet: str
) -> None:
    while await carry(database, {}):
        pass
    strong = await asyncpg.connect(postgres.address("postgres"))
    await strong.execute(quiet)
    async with database.post.acquire() as carrier:
        for _ in range(AS_EVER):
            await carrier.fetch(CLAIM, CLAIMED, False, False)
            await carrier.execute(ARRIVED, [], [])
        await strong.execute(BURST, library.id, OPEN)
        for _ in range(0, OPEN, AT_ONCE):
            await carrier.fetch(CLAIM, 0, False, False)  # numbers so many
        async with carrier.transaction():
            before = await carrier.fetchval(LOOKED)  # told to nobody else yet
            claimed = await carrier.fetch(CLAIM, CLAIMED, False, False)
            told = [row["sender"] for row in claimed], [row["id"] for row in claimed]
            await carrier.execute(ARRIVED, *told)
            looked = await carrier.fetchval(LOOKED) - before
    await strong.execute("DELETE FROM outbox WHERE kind = 'Nothing'")
    await strong.close()
    assert len(claimed) == CLAIMED
    assert looked < EACH * CLAIMED


async def test_what_the_patient_lane_numbers_is_claimed_by_the_prompt_one_at_once(
    database: Database, postgres: Postgres, library: Tenant
) -> None:
    while await carry(database, {}):
        pass
    strong = await asyncpg.connect(postgres.address("postgres"))
    await strong.execute(BURST, library.id, CLAIMED)
    async with database.post.acquire() as patient, patient.transaction():
        assert await patient.fetch(CLAIM, CLAIMED, PATIENT, False) == []
        prompt = asyncio.create_task(database.post.fetch(CLAIM, CLAIMED, PROMPT, False))
        while not prompt.done():
            if await strong.fetchval(WAITS):
                break
            await asyncio.sleep(0.01)
    claimed = await prompt
    await strong.execute("DELETE FROM outbox WHERE kind = 'Nothing'")
    await strong.close()
    assert len(claimed) == CLAIMED
