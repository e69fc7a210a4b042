"""Requests between branches: their whole lives over pgbench, answers in time, trips, growth."""

import asyncio
import time
from statistics import median, quantiles

from pinakes.main.bench import choosing, cpu, growing, lives, retargeting, seldom, serving, trips
from pinakes.main.bench.calm import CALM
from pinakes.main.bench.filling import filling
from pinakes.main.bench.ground import Ground, ground, with_ledger
from pinakes.main.bench.lives import Desks, desks
from pinakes.main.bench.replaying import Script
from pinakes.main.bench.report import Report, Result, paired
from pinakes.main.bench.serving import Process
from pinakes.main.bench.trips import Counter
from pinakes.platform.config import Settings

EACH = 60  # lives of ours in a round
RATE, PACED = 50, 4.0  # requests a second, and for how many seconds in a round
COUNTED = 10  # lives whose trips are counted
FRESH = 150 * lives.RING  # the first of them: their titles are all on the shelf
HOT = (b"read_place", b"read_request", b"read_checkout", b"read_return", b"pinakes_enter")


def run() -> Report:
    """Everything that is measured of lending: about four minutes."""
    with ground() as titles, ground(CALM) as place:
        with filling(titles.postgres), filling(place.postgres):
            script, settings, counted = asyncio.run(filled(titles, place))
        chosen = asyncio.run(choosing.measured(titles.postgres))
        lived = measured(place, script, settings)
    lived.results = [*lived.results, counted]
    reports = [chosen, lived, retargeting.run()]
    return Report(
        bench="lending",
        results=[result for report in reports for result in report.results],
        facts={name: fact for report in reports for name, fact in report.facts.items()},
    )


async def filled(titles: Ground, place: Ground) -> tuple[Script, Settings, Result]:
    """All large databases, side by side; trips, which take no time, are counted meanwhile."""
    titled = asyncio.create_task(choosing.fill(titles.postgres))
    script, settings = await growing.twins(place), with_ledger(place)
    grown = asyncio.create_task(growing.grow(place))
    await titled
    found = await asyncio.to_thread(counted, place, settings)
    await grown
    return script, settings, found


def measured(place: Ground, script: Script, settings: Settings) -> Report:
    """Whole lives over their statements, beside few and many others; the first answer in time."""
    growing.warm(place, script)
    with serving.api(settings) as api, serving.worker(settings) as worker:
        stage = Stage(place, script, api, worker)
        results = asyncio.run(stage.measured())
    return Report(bench="lives", results=results, facts=stage.facts)


class Stage:
    """An API and a worker on one database, and pgbench on its twin."""

    def __init__(self, place: Ground, script: Script, api: Process, worker: Process) -> None:
        self.place = place
        self.script = script
        self.processes = {"api": api, "worker": worker}
        self.cost: dict[str, list[float]] = {}
        self.promises: list[float] = []

    async def measured(self) -> list[Result]:
        """In a round ours comes first, then what few others slow down, then many."""
        lived, grown = list[tuple[float, float]](), list[tuple[float, float]]()
        async with desks(self.place, self.processes["api"].port) as there:
            await there.live(there.next(lives.RING))
            for number in range(growing.ROUNDS):
                ours = await self.ours(there)
                floors = await asyncio.to_thread(growing.both, self.place, self.script, number)
                lived.append((ours, floors[0]))
                grown.append(floors)
            ratio = paired("life_vs_sql", lived, must=0.35, goal=0.5, unit="lives/s")
            return [growing.compared(grown), ratio, await self.promised(there)]

    async def ours(self, there: Desks) -> float:
        """Lives a second over HTTP, and what processor time each part spent on one."""
        roots = {name: process.pid for name, process in self.processes.items()}
        roots["postgres"] = self.place.postgres.pid
        before = {name: cpu.spent(pid) for name, pid in roots.items()}
        began = time.monotonic()
        await there.live(there.next(EACH))
        seconds = time.monotonic() - began
        for name, pid in roots.items():
            self.cost.setdefault(name, []).append((cpu.spent(pid) - before[name]) / EACH / 1000)
        return EACH / seconds

    async def promised(self, there: Desks) -> Result:
        """From placing to the home's knowledge that it will be supplied, at a fixed rate."""
        for _ in range(growing.ROUNDS):
            found = await there.paced(there.next(int(RATE * PACED)), RATE)
            self.promises.append(quantiles(found, n=20)[-1])
        return Result(
            metric="place_to_will_supply_p95_ms",
            value=round(median(self.promises), 1),
            must=250,
            goal=100,
            better="lower",
            unit="ms",
        )

    @property
    def facts(self) -> dict[str, object]:
        """Milliseconds of processor time per life; what p95 was in each round."""
        costs = {f"{name}_cpu_ms": round(median(costs), 1) for name, costs in self.cost.items()}
        return {**costs, "will_supply_rounds_ms": [round(one, 1) for one in self.promises]}


def counted(place: Ground, settings: Settings) -> Result:
    """The most trips that a hold, a step of a request or a return takes, seen by a proxy."""
    with (
        trips.counting(settings, HOT) as (counter, through),
        serving.api(through) as api,
        serving.worker(settings),
    ):
        found = asyncio.run(trips_of(place, api, counter))
    return Result(
        metric="round_trips",
        value=round(max(found.values()), 2),
        must=3,
        goal=2,
        better="lower",
        unit="trips",
    )


async def trips_of(place: Ground, api: Process, counter: Counter) -> dict[str, float]:
    """Round trips by step, once every statement is prepared."""
    async with desks(place, api.port, FRESH) as there:
        await there.live(there.next(COUNTED))
        often = await there.trips_of(there.next(COUNTED), counter)
        first, second = there.next(COUNTED), there.next(COUNTED)
        return often | await seldom.trips_of(there, first, second, counter)
