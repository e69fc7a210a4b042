"""Thirty kills -9: nothing acknowledged is lost, nothing is done twice."""

from collections.abc import AsyncIterator, Iterator

import asyncpg
import pytest

from pinakes.main.bench import serving
from pinakes.main.bench.ground import Ground, ground
from pinakes.main.bench.scene import HOME, LENDER, scene
from pinakes.main.bench.storm import Stage, Tally, Victim, check, storm

pytestmark = pytest.mark.anyio

KILLS = 30


@pytest.fixture
def place() -> Iterator[Ground]:
    """A database of its own, for it will be killed."""
    with ground() as place:
        yield place


@pytest.fixture
async def stage(place: Ground) -> AsyncIterator[Stage]:
    """A federation of two branches that can be killed part by part."""
    cards, barcodes = await scene(place.postgres)
    with serving.api(place.settings) as api, serving.worker(place.settings) as worker:
        headers = {"Authorization": f"Bearer {place.token('desk@lender')}"}
        victims: list[Victim] = [worker, *[place.postgres] * 4]  # Python starts slowly
        yield Stage(
            place.postgres, api, worker, headers, LENDER, "lender", HOME, cards, barcodes, victims
        )


async def test_nothing_acknowledged_is_lost_and_nothing_done_twice(stage: Stage) -> None:
    tally = await storm(stage, KILLS)
    assert tally.wrong == []
    assert (tally.kills, len(tally.lent) > 100, tally.unanswered > 0) == (KILLS, True, True)
    await the_check_would_find_each_fault(stage, tally)


FAULTS = {
    "an acknowledged loan is lost": "DELETE FROM loan WHERE id = $1",
    "an acknowledged return is lost": "UPDATE loan SET returned_at = NULL WHERE id = $1",
    "a loan was made twice": "UPDATE loan SET id = gen_random_uuid() WHERE id = $1",
    "the home branch tells another story": "DELETE FROM borrowed WHERE id = $1",
    "a message was numbered twice, or left out": """
        DELETE FROM outbox
        WHERE tenant_id = 1 AND receiver = 2 AND seq = 1 AND $1::uuid IS NOT NULL""",
}


async def the_check_would_find_each_fault(stage: Stage, tally: Tally) -> None:
    strong = await asyncpg.connect(stage.postgres.address("postgres"))
    await strong.execute("SET session_replication_role = replica")
    for (wrong, order), loan in zip(FAULTS.items(), tally.lent, strict=False):
        await strong.execute(order, loan)
        assert wrong in await check(stage, tally)
    await strong.close()
