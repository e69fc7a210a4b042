"""The worker's own clock, and what it lets wait."""

import asyncio
import re
from contextlib import suppress

import asyncpg
import pytest

from pinakes.main.embedded.postgres import Postgres
from pinakes.main.features import FEATURES
from pinakes.main.worker import every
from pinakes.platform.config import Settings
from pinakes.platform.feature import listeners_of

pytestmark = pytest.mark.anyio


async def test_a_chore_that_takes_a_while_has_its_turn_each_time() -> None:
    done: list[None] = []

    async def chore() -> None:
        done.append(None)
        await asyncio.sleep(0.3)

    with suppress(TimeoutError):
        await asyncio.wait_for(every(0.5, chore), 2.3)
    assert len(done) >= 4  # with the pause after it only three


async def test_what_gives_way_is_named_as_the_events_are(
    postgres: Postgres, settings: Settings
) -> None:
    connection = await asyncpg.connect(postgres.address("postgres"))
    told = await connection.fetchval(
        "SELECT pg_get_expr(adbin, adrelid) FROM pg_attrdef WHERE adrelid = 'outbox'::regclass"
        " AND pg_get_expr(adbin, adrelid) LIKE '%kind%'"
    )
    await connection.close()
    kinds = set(re.findall(r"'(\w+)'", told))
    assert "ItemsChanged" in kinds
    assert kinds <= listeners_of(FEATURES).keys()
