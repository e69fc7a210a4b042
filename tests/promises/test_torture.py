"""Kill -9 at named places, messages lost and doubled: what was acknowledged happened, once."""

import asyncio
from collections import Counter
from itertools import islice
from random import Random

import asyncpg
import pytest

from pinakes.main.bench.ground import Ground, ground
from pinakes.main.torture.places import API, RARE, WORKER
from pinakes.main.torture.play import dealt, staged, torture
from pinakes.main.torture.sabotage import SABOTAGES
from pinakes.main.torture.storm import Tally, check, storm
from pinakes.main.torture.wishes import BORROWERS, borrowers

KILLS = 20
ENOUGH = 8  # for a promise that was taken away to be missed


def test_nothing_acknowledged_is_lost_and_nothing_done_twice() -> None:
    tally = torture(KILLS)
    assert tally.wrong == []
    assert (tally.kills >= KILLS, tally.unanswered > 0) == (True, True)
    assert (len(tally.ends) > 5, len(tally.lent) > 10) == (True, True)
    assert len(tally.asked) >= BORROWERS


def test_every_place_has_its_turn() -> None:
    places = [*API, *WORKER, *RARE]
    met = Counter(islice(dealt(Random(1), places), 3 * len(places)))
    assert met == dict.fromkeys(places, 3)


@pytest.mark.parametrize("sabotage", SABOTAGES)
def test_a_promise_that_is_taken_away_is_missed(sabotage: str) -> None:
    assert torture(ENOUGH, sabotage=sabotage).wrong != []


FAULTS = {
    "an acknowledged loan is lost": "DELETE FROM loan WHERE id = $1",
    "an acknowledged return is lost": "UPDATE loan SET returned_at = NULL WHERE id = $1",
    "a loan was made twice": "UPDATE loan SET id = gen_random_uuid() WHERE id = $1",
    "the home branch tells another story": "DELETE FROM borrowed WHERE id = $1",
    "a receiver does not know what it has applied": """
        WITH ahead AS (DELETE FROM inbox_ahead WHERE sender = 1)
        UPDATE inbox SET upto = 0 WHERE sender = 1 AND $1::uuid IS NOT NULL""",
    "a message was numbered twice, or left out": """
        DELETE FROM outbox
        WHERE tenant_id = 1 AND receiver = 2 AND seq = 1 AND $1::uuid IS NOT NULL""",
}
FAULTS_OF_REQUESTS = {
    "a step of a request stands twice in the ledger": """
        INSERT INTO ledger_event (tenant_id, id, about, event, salt)
        SELECT tenant_id, gen_random_uuid(), about, event, salt FROM ledger_event
        WHERE about = $1 LIMIT 1""",
    "what was recorded is not in the ledger's log, or twice": """
        DELETE FROM ledger_event WHERE about = $1""",
    "a reader does not hear that a book is ready, or twice": """
        DELETE FROM notice WHERE about = $1""",
    "the parties of a request tell different stories": """
        UPDATE request_party SET state = 'LENT' WHERE request_id = $1 AND role = 'pickup'""",
    "an acknowledged request has not come to its end": """
        UPDATE request SET state = 'SHIPPED' WHERE id = $1""",
    "a request was placed twice": "UPDATE request SET id = gen_random_uuid() WHERE id = $1",
}


def test_the_check_finds_each_fault() -> None:
    with ground() as place:
        asyncio.run(plant(place))


async def plant(place: Ground) -> None:
    """A calm day, then one fault after another."""

    async def nobody_dies(tally: Tally) -> None:
        await asyncio.sleep(1)

    async with staged(place) as stage:
        tally = await storm(stage, nobody_dies, await borrowers(place, stage.cards))
        assert tally.wrong == []
        strong = await asyncpg.connect(place.postgres.address("postgres", "pinakes"))
        await strong.execute("SET session_replication_role = replica")
        for (wrong, order), loan in zip(FAULTS.items(), tally.lent, strict=False):
            await strong.execute(order, loan)
            assert wrong in await check(stage, tally)
        for wrong, order in FAULTS_OF_REQUESTS.items():
            await strong.execute(order, tally.asked[0])
            assert wrong in await check(stage, tally)
        await strong.close()
