"""The same question to PostgreSQL's own full text: twenty best, how many, and three facets."""

import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from pinakes.main.embedded.postgres import Postgres

ASK = """
WITH hit AS MATERIALIZED (
    SELECT id, form, language, class, ts_rank(words, q) AS rank
    FROM yardstick, to_tsquery('simple', $1) q WHERE words @@ q
), best AS (SELECT id FROM hit ORDER BY rank DESC LIMIT 20)
SELECT (SELECT array_agg(id) FROM best), form, language, class, count(*)
FROM hit GROUP BY GROUPING SETS ((form), (language), (class), ())
"""


@asynccontextmanager
async def asking(postgres: Postgres) -> AsyncGenerator[Callable[[str], Awaitable[float]]]:
    """Somebody who asks for a word, and tells how many milliseconds it took."""
    connection: Any = await asyncpg.connect(postgres.address("postgres"))
    try:
        await connection.execute("SET jit = off; SET work_mem = '256MB'")
        ask = await connection.prepare(ASK)

        async def took(word: str) -> float:
            began = time.perf_counter()
            await ask.fetch(word)
            return (time.perf_counter() - began) * 1000

        yield took
    finally:
        await connection.close()
