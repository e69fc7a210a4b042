"""Torture: every part dies at named places, again and again, while clients lend and return."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
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
from pinakes.main.torture.wishes import borrowers

MOST_PASSINGS = 12  # of a place before the end comes there
UNPLUGGED = 4.0  # seconds between two ends of PostgreSQL


def torture(kills: int, seed: int = 1, sabotage: str | None = None) -> Tally:
    """*kills* ends of API, worker and PostgreSQL; then everything is looked for.

    A *sabotage* takes a promise away first: what is wrong then must be found.
    """
    with ground() as place:
        return asyncio.run(suffer(place, kills, seed, sabotage))


async def suffer(place: Ground, kills: int, seed: int, sabotage: str | None) -> Tally:
    async with staged(place) as stage:
        taken = SABOTAGES[sabotage] if sabotage else Sabotage(())
        await spoil(place.postgres, taken)
        ends = {name: end for name, end in API.items() if name in taken.ends} or API
        more = await borrowers(place, stage.cards)
        return await storm(stage, lambda tally: end_lives(stage, tally, ends, kills, seed), more)


@asynccontextmanager
async def staged(place: Ground) -> AsyncGenerator[Stage[Lives]]:
    """A lending branch and a home branch, with API and worker."""
    cards, barcodes = await scene(place.postgres)
    async with Lives.of("api", place.settings) as api, Lives.of("worker", place.settings) as worker:
        headers = {"Authorization": f"Bearer {place.token('desk@lender')}"}
        yield Stage(place.postgres, api, worker, headers, LENDER, "lender", HOME, cards, barcodes)


async def spoil(postgres: Postgres, sabotage: Sabotage) -> None:
    """Take one promise away."""
    strong = await asyncpg.connect(postgres.address("postgres", "pinakes"))
    for order in sabotage.orders:
        await strong.execute(order)
    await strong.close()


async def end_lives(
    stage: Stage[Lives], tally: Tally, api: Mapping[str, Place], kills: int, seed: int
) -> None:
    """Let API, worker and PostgreSQL die side by side until there are enough ends."""
    enough = asyncio.Event()

    def count(what: str) -> None:
        tally.kills += 1
        tally.ends[what] = tally.ends.get(what, 0) + 1
        if tally.kills >= kills:
            enough.set()

    async def die(lives: Lives, places: Mapping[str, Place]) -> None:
        chance = Random(f"{seed} {lives.role}")  # noqa: S311  (a dice, no secret)
        lives.kill()
        await lives.end()
        while not enough.is_set():
            place, nth = chance.choice(list(places)), chance.randint(1, MOST_PASSINGS)
            await lives.begin(Life(place, nth, chance.randrange(1 << 32)))
            count(place if await lives.end() else "anywhere")
        await lives.begin(Life())

    async def unplug(postgres: Postgres) -> None:
        while not enough.is_set():
            await asyncio.sleep(UNPLUGGED)
            postgres.kill()
            postgres.start()
            count("PostgreSQL")

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(die(stage.api, api))
        tasks.create_task(die(stage.worker, WORKER))
        tasks.create_task(unplug(stage.postgres))
