"""The worker's own clock."""

import asyncio
from contextlib import suppress

import pytest

from pinakes.main.worker import every

pytestmark = pytest.mark.anyio


async def test_a_chore_that_takes_a_while_has_its_turn_each_time() -> None:
    done: list[None] = []

    async def chore() -> None:
        done.append(None)
        await asyncio.sleep(0.3)

    with suppress(TimeoutError):
        await asyncio.wait_for(every(0.5, chore), 2.3)
    assert len(done) >= 4  # with the pause after it only three
