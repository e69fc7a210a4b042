"""Torture: every part dies at named places, again and again, while clients lend and return."""

import asyncio
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from random import Random

import asyncpg

from pinakes.main.bench.ground import Ground, ground, with_ledger
from pinakes.main.embedded.postgres import Postgres
from pinakes.main.torture.lives import End, Lives
from pinakes.main.torture.nest import Life
from pinakes.main.torture.places import API, RARE, WORKER, Place
from pinakes.main.torture.sabotage import SABOTAGES, Sabotage
from pinakes.main.torture.scene import HOME, LENDER, scene
from pinakes.main.torture.storm import Stage, Tally, storm
from pinakes.main.torture.wishes import BORROWERS, MOST, borrowers, time_passes

POOL = 3  # connections of a part to each role: every life has to open its own
EACH = 25  # ends for one borrower more
UNPLUGGED = 3.0  # seconds between two ends of PostgreSQL, wherever the others are
HALTS = 0.15  # of all lives stand still at their place, while PostgreSQL dies there
LATER = 1.0  # seconds that such a life goes on for
HASTE = """
DO $$ DECLARE claim text := pg_get_functiondef('outbox_claim'::regproc); BEGIN
    ASSERT claim LIKE '%10 seconds%'; -- what gets lost is sent again sooner, while others die
    EXECUTE replace(claim, '10 seconds', '2 seconds');
END $$
"""
PATIENCE = """
DO $$ DECLARE enough text := pg_get_functiondef('commons.asked_enough'::regproc); BEGIN
    ASSERT enough LIKE '%>= 3 FROM%'; -- offers that get lost are many here
    EXECUTE replace(enough, '>= 3 FROM', '>= 1000 FROM');
END $$
"""
RECOVERY = {"recovery_init_sync_method": "syncfs"}  # of a file system at once, not file by file


def torture(kills: int, seed: int = 1, sabotage: str | None = None) -> Tally:
    """*kills* ends of API, worker and PostgreSQL at named places; then everything is looked for.

    What dies elsewhere meanwhile comes on top.

    A *sabotage* takes a promise away first: what is wrong then must be found.
    """
    with ground() as place:
        return asyncio.run(suffer(place, kills, seed, sabotage))


async def suffer(place: Ground, kills: int, seed: int, sabotage: str | None) -> Tally:
    """The hand that pulls the plug stays to the end: a server dies with the thread it is from."""
    with ThreadPoolExecutor(1) as hand:
        async with staged(place) as stage:
            taken = SABOTAGES[sabotage] if sabotage else Sabotage(())
            await order(place.postgres, HASTE, PATIENCE, *taken.orders)
            ends = {name: end for name, end in API.items() if name in taken.ends} or API
            many = min(MOST, max(BORROWERS, kills // EACH))
            more = await borrowers(place, stage.cards, many)

            async def killing(tally: Tally) -> None:
                halts = 0 if sabotage else HALTS  # each of those has its own ends
                await Reaper(tally, kills, seed, hand, halts).reap(stage, ends)

            return await storm(stage, killing, [*more, time_passes])


@asynccontextmanager
async def staged(place: Ground) -> AsyncGenerator[Stage[Lives]]:
    """A lending branch and a home branch, with an API and two workers."""
    cards, barcodes = await scene(place.postgres)
    place.postgres.settings |= RECOVERY
    told = with_ledger(place).model_copy(update={"pool": POOL})
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
    halts: float
    plug: asyncio.Lock = field(default_factory=asyncio.Lock)
    enough: asyncio.Event = field(default_factory=asyncio.Event)

    async def reap(self, stage: Stage[Lives], api: Mapping[str, Place]) -> None:
        """Afterwards all of them live; those born while PostgreSQL is away would die of that."""
        workers = (stage.worker, *stage.others)
        async with asyncio.TaskGroup() as tasks:
            short = self.kills < EACH * (BORROWERS + 1)
            often = WORKER if short else WORKER | RARE
            parts = [(stage.api, api), *((worker, often) for worker in workers)]
            for number, (lives, places) in enumerate(parts):
                tasks.create_task(self.end_lives(number, lives, places, stage.postgres))
            tasks.create_task(self.unplug_often(stage.postgres))
        for lives in (stage.api, *workers):
            await lives.begin(Life())

    async def end_lives(
        self, number: int, lives: Lives, places: Mapping[str, Place], postgres: Postgres
    ) -> None:
        chance = Random(f"{self.seed} {number}")  # noqa: S311  (a dice, no secret)
        lives.kill()
        await lives.end()
        for place in dealt(chance, list(places)):
            nth = chance.randint(1, places[place].most)
            halts = chance.random() < self.halts
            await lives.begin(Life(place, nth, chance.randrange(1 << 32), halts))
            how = await lives.end()
            if how is End.NOT_YET:
                await self.unplug(postgres)
                self.count(f"PostgreSQL, just when {place}")
                lives.go_on()
                how = await lives.end(LATER)
            if how is not End.GAVE_UP:  # that one found no PostgreSQL
                if how is End.AT_ITS_PLACE:
                    self.count(place)
                else:
                    self.tally.elsewhere += 1
            if self.enough.is_set():
                break

    async def unplug_often(self, postgres: Postgres) -> None:
        while not self.enough.is_set():
            await asyncio.sleep(UNPLUGGED)
            await self.unplug(postgres)
            self.tally.elsewhere += 1

    async def unplug(self, postgres: Postgres) -> None:
        async with self.plug:
            loop = asyncio.get_running_loop()
            await loop.run_in_executor(self.hand, pull_the_plug, postgres)

    def count(self, place: str) -> None:
        self.tally.kills += 1
        self.tally.ends[place] = self.tally.ends.get(place, 0) + 1
        if self.tally.kills >= self.kills:
            self.enough.set()


def dealt(chance: Random, places: Sequence[str]) -> Iterator[str]:
    """One place after the other, all of them equally often."""
    while True:
        yield from chance.sample(places, len(places))


def pull_the_plug(postgres: Postgres) -> None:
    postgres.kill()
    postgres.start()
