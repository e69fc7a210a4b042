"""What has ended stays, and nobody looks through all of it."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import asyncpg
import pytest
from borrowing import Borrowing, ask_for, edition, held
from sqlalchemy import func, select, text

from pinakes.federation.lending import privacy
from pinakes.federation.lending.hot import ASK
from pinakes.federation.lending.models import PartyRow, Request
from pinakes.federation.lending.schemas import NewRequest
from pinakes.main.embedded.postgres import Postgres
from pinakes.platform.config import Settings
from pinakes.platform.db import hot_pool, unit_of_work

pytestmark = pytest.mark.anyio

ENDED, NAMED = 20_000, 3
ENOUGH = 100  # rows looked at
AS_EVER = 10  # a plan is kept after a handful of runs
FILL = """
    INSERT INTO request (tenant_id, id, created_at, person_id, title, kind, pickup_id, service,
                         attempt, state, over, changed_at)
    SELECT $1, gen_random_uuid(), moment, CASE WHEN n <= $3 THEN $2::uuid END, 'x', 'book', $1,
           'standard', 1, 'COMPLETED', true, moment
    FROM generate_series(1, $4) n, LATERAL (SELECT now() - interval '1 year') AS ago (moment)
"""
FILL_PARTIES = """
    INSERT INTO request_party (tenant_id, id, request_id, role, attempt, version, home_id,
        pickup_id, state, model, service, flags, facts, over, changed_at)
    SELECT $1, gen_random_uuid(), gen_random_uuid(), 'pickup', 1, 1, $1, $1, 'COMPLETED', 1,
           'standard', '{}', CASE WHEN n <= $3 THEN jsonb_build_object('person', $2::uuid)
                                  ELSE '{"loan_due": 1}' END, true, now() - interval '1 year'
    FROM generate_series(1, $4) n
"""
LOOKED = text("""
    SELECT coalesce(sum(seq_tup_read + idx_tup_fetch), 0) FROM pg_stat_xact_user_tables
    WHERE relname IN ('request', 'request_party')
""")
READ = """
    SELECT (SELECT seq_tup_read FROM pg_stat_user_tables WHERE relname = 'request')
         + (SELECT sum(idx_tup_read) FROM pg_stat_user_indexes WHERE relname = 'request')
"""


@pytest.fixture
async def strong(postgres: Postgres) -> AsyncIterator[Any]:
    connection = await asyncpg.connect(postgres.address("postgres"))
    yield connection
    await connection.close()


async def test_what_was_forgotten_is_not_looked_through_again(
    borrowing: Borrowing, strong: Any
) -> None:
    b = borrowing
    for fill in (FILL, FILL_PARTIES):
        await strong.execute(fill, b.home.id, b.reader.person, NAMED, ENDED)
    await strong.execute("ANALYZE request, request_party")
    named = [
        select(func.count()).where(Request.person_id.is_not(None)),
        select(func.count()).where(PartyRow.facts.has_key("person")),
    ]
    async with unit_of_work(b.database.app, b.home.id) as session:
        assert [await session.scalar(one) for one in named] == [NAMED, NAMED]
    async with unit_of_work(b.database.app, b.home.id) as session:
        before = await session.scalar(LOOKED) or 0
        await privacy.cut(session, b.home.id)
        looked = (await session.scalar(LOOKED) or 0) - before
        assert [await session.scalar(one) for one in named] == [0, 0]
    assert 2 * NAMED <= looked < ENOUGH


async def test_who_has_asked_for_much_before_is_served_as_fast(
    borrowing: Borrowing, strong: Any, settings: Settings
) -> None:
    """Also by a connection that made its plans while there was nothing."""
    b = borrowing
    title = await edition(b.database, b.home.consortium)
    await held(b.database, b.supplier, title)
    await strong.execute("TRUNCATE request")
    async with hot_pool(settings.database.get_secret_value(), 1) as hot:
        question = (b.home.id, None, b.reader.person, title, None, None, None, "", None)
        for _ in range(AS_EVER):
            await hot.fetch(ASK, *question)
        await strong.execute(FILL, b.home.id, b.reader.person, ENDED, ENDED)
        await strong.execute("ANALYZE request")  # as it is in the time that so many take
        before = await read(hot)
        wish = NewRequest(edition=title, pickup=b.pickup.code)
        await ask_for(replace(b.database, hot=hot), b.directory, b.reader, wish)
        assert await read(hot) - before < ENOUGH


async def read(hot: Any) -> int:
    """How much of requests has been read so far."""
    await hot.execute("SELECT pg_stat_force_next_flush()")
    found: int = await hot.fetchval(READ)
    return found
