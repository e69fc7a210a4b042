"""Requests between branches: their whole lives over pgbench, answers in time, trips, growth."""

import asyncio
import time
from statistics import median, quantiles

from pydantic import SecretStr

from pinakes.federation.ledger import keys
from pinakes.main.bench import choosing, cpu, growing, lives, retargeting, seldom, serving, trips
from pinakes.main.bench.filling import filling
from pinakes.main.bench.ground import Ground, ground
from pinakes.main.bench.lives import Desks, desks
from pinakes.main.bench.replaying import FLOOR, Script, recorded, replay
from pinakes.main.bench.report import Report, Result, paired
from pinakes.main.bench.serving import Process
from pinakes.main.bench.trips import Counter
from pinakes.platform.config import Settings

ROUNDS = 5
SECONDS = 3.0
EACH = 96  # lives of ours in a round
RATE, PACED = 50, 10.0  # requests a second, and for how many seconds
COUNTED = 10  # lives whose trips are counted
FRESH = 150 * lives.RING  # the first of them: their titles are all on the shelf
HOT = (b"read_place", b"read_request", b"read_checkout", b"read_return", b"pinakes_enter")


def run() -> Report:
    """Everything that is measured of lending: about four minutes."""
    with ground() as titles, ground() as years:
        with filling(titles.postgres), filling(years.postgres):
            script = asyncio.run(filled(titles, years))
        reports = [asyncio.run(choosing.measured(titles.postgres)), growing.measured(years, script)]
    reports += [lived(), retargeting.run()]
    return Report(
        bench="lending",
        results=[result for report in reports for result in report.results],
        facts={name: fact for report in reports for name, fact in report.facts.items()},
    )


async def filled(titles: Ground, years: Ground) -> Script:
    """Both of the large databases, side by side: nothing is measured meanwhile."""
    script, _ = await asyncio.gather(growing.prepared(years), choosing.fill(titles.postgres))
    return script


def lived() -> Report:
    """Whole lives over their statements, the first answer in time, and trips; two minutes."""
    with ground() as place:
        lives.stock(place.postgres)
        script = asyncio.run(recorded(place, FLOOR))
        settings = with_ledger(place)
        with serving.api(settings) as api, serving.worker(settings) as worker:
            stage = Stage(place, script, api, worker)
            results = asyncio.run(stage.measured())
        results.append(counted(place, settings))
    return Report(bench="lending", results=results, facts=stage.facts)


def with_ledger(place: Ground) -> Settings:
    """The same settings, with a key for the ledger's worker."""
    file = place.postgres.folder.parent / "ledger.key"
    keys.make(file)
    address = SecretStr(place.postgres.address("pinakes_ledger"))
    return place.settings.model_copy(update={"ledger": address, "ledger_key": file})


class Stage:
    """An API and a worker on one database, and pgbench on its twin."""

    def __init__(self, place: Ground, script: Script, api: Process, worker: Process) -> None:
        self.place = place
        self.script = script
        self.processes = {"api": api, "worker": worker}
        self.replayed = 0
        self.cost: dict[str, list[float]] = {}

    async def measured(self) -> list[Result]:
        async with desks(self.place, self.processes["api"].port) as there:
            await there.live(there.next(lives.RING))
            rounds = [(await self.ours(there), await self.floor()) for _ in range(ROUNDS)]
            ratio = paired("life_vs_sql", rounds, must=0.35, goal=0.5, unit="lives/s")
            return [ratio, await self.promised(there)]

    async def floor(self) -> float:
        postgres = self.place.postgres
        address = f"postgresql://{FLOOR}:{FLOOR}@127.0.0.1:{postgres.port}/{FLOOR}"
        self.replayed += 100_000
        return await asyncio.to_thread(replay, self.script, address, SECONDS, self.replayed)

    async def ours(self, there: Desks) -> float:
        """Lives a second over HTTP, and what processor time each part spent on one."""
        roots = {name: self.pid(name) for name in ("api", "worker", "postgres")}
        before = {name: cpu.spent(pid) for name, pid in roots.items()}
        began = time.monotonic()
        await there.live(there.next(EACH))
        seconds = time.monotonic() - began
        for name, pid in roots.items():
            self.cost.setdefault(name, []).append((cpu.spent(pid) - before[name]) / EACH / 1000)
        return EACH / seconds

    def pid(self, name: str) -> int:
        if name == "postgres":
            return self.place.postgres.pid
        running = self.processes[name].running
        assert running is not None  # noqa: S101  (it was started)
        return running.pid

    async def promised(self, there: Desks) -> Result:
        """From placing to the home's knowledge that it will be supplied, at a fixed rate."""
        found = await there.paced(there.next(int(RATE * PACED)), RATE)
        value = quantiles(found, n=20)[-1]
        return Result(
            metric="place_to_will_supply_p95_ms",
            value=round(value, 1),
            must=250,
            goal=100,
            better="lower",
            unit="ms",
        )

    @property
    def facts(self) -> dict[str, float]:
        """Milliseconds of processor time per life."""
        return {f"{name}_cpu_ms": round(median(costs), 1) for name, costs in self.cost.items()}


def counted(place: Ground, settings: Settings) -> Result:
    """The most trips that a hold, a step of a request or a return takes, seen by a proxy."""
    postgres = place.postgres
    assert postgres.port is not None  # noqa: S101  (it runs)
    with trips.counting(postgres.port, HOT) as counter:
        address = postgres.address("pinakes_app").replace(f":{postgres.port}/", f":{counter.port}/")
        told = {"database": SecretStr(address)}
        with serving.api(settings.model_copy(update=told)) as api, serving.worker(settings):
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
