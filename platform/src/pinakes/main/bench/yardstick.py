"""The same question to PostgreSQL's own full text: twenty best, how many, and three facets."""

import asyncio
import time
from collections.abc import Sequence
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


def milliseconds(postgres: Postgres, words: Sequence[str]) -> list[float]:
    """How long each word takes."""
    return asyncio.run(asked(postgres, words))


async def asked(postgres: Postgres, words: Sequence[str]) -> list[float]:
    connection: Any = await asyncpg.connect(postgres.address("postgres"))
    try:
        await connection.execute("SET jit = off; SET work_mem = '256MB'")
        ask = await connection.prepare(ASK)
        return [await one(ask, word) for word in words]
    finally:
        await connection.close()


async def one(ask: Any, word: str) -> float:
    began = time.perf_counter()
    await ask.fetch(word)
    return (time.perf_counter() - began) * 1000
