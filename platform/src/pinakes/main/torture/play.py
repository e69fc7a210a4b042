"""Torture: every part dies at named places, again and again, while clients lend and return."""

import asyncio
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from random import Random

import asyncpg

from pinakes.main.bench.ground import Ground, ground
from pinakes.main.bench.scene import HOME, LENDER, scene
from pinakes.main.bench.storm import Stage, Tally, storm
from pinakes.main.embedded.postgres import Postgres
from pinakes.main.torture.lives import Lives
from pinakes.main.torture.nest import Life
from pinakes.main.torture.places import API, WORKER, Place
from pinakes.main.torture.sabotage import SABOTAGES, Sabotage
from pinakes.main.torture.wishes import BORROWERS, MOST, borrowers

POOL = 3  # connections of a part to each role: every life has to open its own
EACH = 25  # ends for one borrower more
UNPLUGGED = 3.0  # seconds between two ends of PostgreSQL
HASTE = """
DO $$ DECLARE claim text := pg_get_functiondef('outbox_claim'::regproc); BEGIN
    ASSERT claim LIKE '%10 seconds%'; -- what gets lost is sent again sooner, while others die
    EXECUTE replace(claim, '10 seconds', '2 seconds');
END $$
"""
RECOVERY = {"recovery_init_sync_method": "syncfs"}  # of a file system at once, not file by file


def torture(kills: int, seed: int = 1, sabotage: str | None = None) -> Tally:
    """*kills* ends of API, worker and PostgreSQL; then everything is looked for.

    A *sabotage* takes a promise away first: what is wrong then must be found.
    """
    with ground() as place:
        return asyncio.run(suffer(place, kills, seed, sabotage))


async def suffer(place: Ground, kills: int, seed: int, sabotage: str | None) -> Tally:
    """The hand that pulls the plug stays to the end: a server dies with the thread it is from."""
    with ThreadPoolExecutor(1) as hand:
        async with staged(place) as stage:
            taken = SABOTAGES[sabotage] if sabotage else Sabotage(())
            await order(place.postgres, HASTE, *taken.orders)
            ends = {name: end for name, end in API.items() if name in taken.ends} or API
            many = min(MOST, max(BORROWERS, kills // EACH))
            more = await borrowers(place, stage.cards, many)

            async def killing(tally: Tally) -> None:
                await Reaper(tally, kills, seed, hand).reap(stage, ends)

            return await storm(stage, killing, more)


@asynccontextmanager
async def staged(place: Ground) -> AsyncGenerator[Stage[Lives]]:
    """A lending branch and a home branch, with an API and two workers."""
    cards, barcodes = await scene(place.postgres)
    place.postgres.settings |= RECOVERY
    told = place.settings.model_copy(update={"pool": POOL})
    async with (
        Lives.of("api", told) as api,
        Lives.of("worker", told) as worker,
        Lives.of("worker", told) as other,
    ):
        headers = {"Authorization": f"Bearer {place.token('desk@lender')}"}
        yield Stage(
            place.postgres, api, worker, headers, LENDER, "lender", HOME, cards, barcodes, [other]
        )  # fmt: skip


async def order(postgres: Postgres, *orders: str) -> None:
    """As somebody who may do all."""
    strong = await asyncpg.connect(postgres.address("postgres", "pinakes"))
    for one in orders:
        await strong.execute(one)
    await strong.close()


@dataclass
class Reaper:
    """Lets API, workers and PostgreSQL die side by side until there are enough ends."""

    tally: Tally
    kills: int
    seed: int
    hand: Executor
    enough: asyncio.Event = field(default_factory=asyncio.Event)

    async def reap(self, stage: Stage[Lives], api: Mapping[str, Place]) -> None:
        """Afterwards all of them live."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.end_lives(0, stage.api, api))
            for number, worker in enumerate((stage.worker, *stage.others), 1):
                tasks.create_task(self.end_lives(number, worker, WORKER))
            tasks.create_task(self.unplug(stage.postgres))

    async def end_lives(self, number: int, lives: Lives, places: Mapping[str, Place]) -> None:
        chance = Random(f"{self.seed} {number}")  # noqa: S311  (a dice, no secret)
        lives.kill()
        await lives.end()
        for place in dealt(chance, list(places)):
            nth = chance.randint(1, places[place].most)
            await lives.begin(Life(place, nth, chance.randrange(1 << 32)))
            self.count(place if await lives.end() else "anywhere")
            if self.enough.is_set():
                break
        await lives.begin(Life())

    async def unplug(self, postgres: Postgres) -> None:
        loop = asyncio.get_running_loop()
        while not self.enough.is_set():
            await asyncio.sleep(UNPLUGGED)
            await loop.run_in_executor(self.hand, pull_the_plug, postgres)
            self.count("PostgreSQL")

    def count(self, what: str) -> None:
        self.tally.kills += 1
        self.tally.ends[what] = self.tally.ends.get(what, 0) + 1
        if self.tally.kills >= self.kills:
            self.enough.set()


def dealt(chance: Random, places: Sequence[str]) -> Iterator[str]:
    """One place after the other, all of them equally often."""
    while True:
        yield from chance.sample(places, len(places))


def pull_the_plug(postgres: Postgres) -> None:
    postgres.kill()
    postgres.start()
