"""What a bad network does to messages: some are lost, some come twice, none in order.

And haste: what a worker mends within minutes it mends within seconds.
"""

from collections.abc import Sequence
from random import Random

from sqlalchemy import TextClause, text

from pinakes.federation.holds import chores
from pinakes.main import worker
from pinakes.platform import carrier
from pinakes.platform.carrier import Run, Way
from pinakes.platform.db import Database

LOST, DOUBLED = 0.1, 0.2
SOON = 5.0  # seconds
LATE = "1 minute"  # as the chores say it


def hurry() -> None:
    """Let the chores of this process, a worker, come round sooner."""
    worker.CHORES = SOON
    for name in ("TO_MEND", "UNHEARD"):
        order: TextClause = getattr(chores, name)
        if LATE not in order.text:
            raise AssertionError(f"chores.{name} no longer waits for {LATE}: nothing to hurry")
        setattr(chores, name, text(order.text.replace(LATE, f"{2 * SOON} seconds")))


def play(chance: Random) -> None:
    """Let the carrier of this process do so from now on."""
    claim, deliver = carrier.claim, carrier.deliver

    async def shuffled(
        database: Database,
        most: int = carrier.BATCH,
        lanes: Sequence[bool] = (carrier.PROMPT, carrier.PATIENT),
        *,
        abroad: bool = False,
    ) -> list[Run]:
        runs = await claim(database, most, lanes, abroad=abroad)
        chance.shuffle(runs)  # what is about one thing keeps its order
        return runs

    async def badly(database: Database, way: Way, mail: Sequence[Run]) -> bool:
        luck = chance.random()
        if luck < LOST:
            return False  # it is sent again when its lease has ended
        if luck < LOST + DOUBLED:
            await carrier.attempt(database, way, mail)
        return await deliver(database, way, mail)

    carrier.claim, carrier.deliver = shuffled, badly
