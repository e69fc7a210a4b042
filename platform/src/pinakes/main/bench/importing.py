"""Imports: their speed over a mere parse, their memory, and what they leave to the lending desk."""

import asyncio
import time
from collections.abc import Generator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import pairwise
from pathlib import Path
from statistics import mean, median
from typing import NamedTuple

import asyncpg
import pymarc
from msgspec.structs import replace
from pydantic import SecretStr

from pinakes.main.bench import cpu, repeated, serving, stockroom
from pinakes.main.bench.bringing import LOOK, Branch, Brought, moved_in
from pinakes.main.bench.calm import CALM, make_room
from pinakes.main.bench.ground import Ground, ground
from pinakes.main.bench.paced import Order, p95
from pinakes.main.bench.report import Report, Result, paired
from pinakes.main.bench.serving import Process
from pinakes.main.bench.stockroom import Stock
from pinakes.main.embedded.ground import open_folder
from pinakes.main.embedded.objects import ObjectStore
from pinakes.main.embedded.postgres import Postgres

TIMES = 20  # copies of the small catalogue in the file whose import is timed
ROUNDS = 3  # imports with nothing beside them, each of other copies and into an empty branch
AGAIN = 4  # other copies for each round in which books are lent
PARSED = 7  # copies in the file that is merely parsed, before and behind each of those imports
SECONDS = 9.0  # of lending at a time
LENT = 5  # times of lending while an import runs; before and behind each nothing else goes on
PATIENCE = 10.0  # seconds that what an import leaves behind may take
IDLE = 100_000  # µs of processor time in a second: nothing goes on
STOCK = Stock(branches=4, readers=3_000, records=200, items=3_000)
FIRST_PART, LAST_PART = 0.1, 0.8  # of all records: memory is compared before and behind


class Stage:
    """Branches that lend, one that imports, an API and a worker."""

    def __init__(
        self, place: Ground, folder: Path, api: Process, branches: Sequence[Branch]
    ) -> None:
        self.token = place.token("desk@branch-1*")
        self.folder = folder
        self.api = api
        self.branches = branches
        self.branch = branches[-1]  # into which more comes while books are lent
        self.lent = 0
        self.name, self.originals = repeated.small()

    def file(self, name: str, times: range) -> Path:
        path = self.folder / name
        repeated.write(path, repeated.repeated(self.originals, times))
        return path

    def p95(self) -> float:
        """Milliseconds of a checkout at 100 a second."""
        order = Order(
            port=self.api.port,
            token=self.token,
            branches=STOCK.branches,
            readers=STOCK.readers,
            first=self.lent,
            seconds=SECONDS,
        )
        self.lent += int(order.rate * SECONDS) // STOCK.branches + STOCK.branches
        return p95(order)


@contextmanager
def staged() -> Generator[Stage]:
    """Everything in a folder of its own, with a worker that has imported something already."""
    with ExitStack() as stack:
        folder = stack.enter_context(open_folder("pinakes-bench-"))
        place = stack.enter_context(ground(CALM))
        objects = stack.enter_context(ObjectStore(folder / "objects"))
        told = {"objects": objects.endpoint, "objects_key": objects.key}
        secret = SecretStr(objects.secret)
        settings = place.settings.model_copy(update=told | {"objects_secret": secret})
        stockroom.fill(place.postgres, STOCK)
        numbers = range(STOCK.branches + 1, STOCK.branches + 1 + ROUNDS + 1)
        for number in numbers:
            asyncio.run(moved_in(place.postgres, settings, number))
        api = stack.enter_context(serving.api(settings))
        worker = stack.enter_context(serving.worker(settings))
        first, *others = [Branch(settings, place.postgres, worker, number) for number in numbers]
        stage = Stage(place, folder, api, others)
        asyncio.run(first.bring(stage.file("first.mrc", range(1))))
        yield stage


async def calmed(postgres: Postgres) -> None:
    strong = await asyncpg.connect(postgres.address("postgres"))
    await make_room(strong)
    await strong.close()


def run() -> Report:
    """Six minutes, if the machine is quiet."""
    with staged() as stage:
        few = stage.file("few.mrc", range(PARSED))
        parsed, alone = [parse(few)], list[Brought]()
        for number, branch in enumerate(stage.branches):
            many = stage.file("many.mrc", copies(TIMES, number))
            alone.append(asyncio.run(branch.bring(many)))
            settle(branch)
            parsed.append(parse(few))
            asyncio.run(calmed(branch.postgres))
        stage.p95()  # nobody counts the first
        lent = [one_more(stage, number) for number in range(LENT)]
        idle = [*(one.idle for one in lent), alone_again(stage)]
    speeds = list(zip([one.rate for one in alone], between(parsed), strict=True))
    speed = paired("import_vs_parse", speeds, must=0.35, goal=0.7, unit="records/s")
    rounds = list(zip([one.busy for one in lent], between(idle), strict=True))
    slower = paired("checkout_p95_ratio", rounds, must=3, goal=1.5, unit="ms")
    beside = [one.brought for one in lent]
    results = [speed, *memory([*alone, *beside]), replace(slower, better="lower")]
    return Report(bench="import", results=results, facts=facts(stage, alone, beside))


def copies(times: int, round: int, behind: int = 1) -> range:
    """So many copies, which no other round has."""
    return range(behind + times * round, behind + times * (round + 1))


def between(values: Sequence[float]) -> list[float]:
    """What held while something went on that these were measured before and behind."""
    return [mean(pair) for pair in pairwise(values)]


class Lent(NamedTuple):
    """One round: what a checkout took before an import and during it, in ms, and the import."""

    idle: float
    busy: float
    brought: Brought


def one_more(stage: Stage, number: int) -> Lent:
    """Lend while nothing else goes on, then while some more comes in."""
    more = stage.file("more.mrc", copies(AGAIN, number, 1 + TIMES * ROUNDS))
    idle = alone_again(stage)
    brought, busy = asyncio.run(while_lending(stage, more))
    return Lent(idle, busy, brought)


def alone_again(stage: Stage) -> float:
    """What lending takes as soon as nothing else goes on."""
    settle(stage.branch)
    return stage.p95()


def settle(branch: Branch) -> None:
    """Let whatever the last import has left to the worker and to PostgreSQL come to its end."""
    roots = (branch.worker.pid, branch.postgres.pid)
    ends, spent = time.monotonic() + PATIENCE, 0.0
    while time.monotonic() < ends:
        before, spent = spent, sum(map(cpu.spent, roots))
        if spent - before < IDLE:
            return
        time.sleep(1)


def parse(path: Path) -> float:
    """Records a second that pymarc merely parses."""
    began, count = time.perf_counter(), 0
    with path.open("rb") as file:
        for record in pymarc.MARCReader(file):
            count += record is not None
    return count / (time.perf_counter() - began)


async def while_lending(stage: Stage, path: Path) -> tuple[Brought, float]:
    """An import, and what lending took as soon as it had begun."""
    stage.branch.read = 0
    importing = asyncio.create_task(stage.branch.bring(path))
    while not stage.branch.read and not importing.done():  # noqa: ASYNC110  (others get on)
        await asyncio.sleep(LOOK)
    busy = await asyncio.to_thread(stage.p95)
    if importing.done():
        raise TooShort("The import was over before the lending was. Let AGAIN be more.")
    return await importing, busy


class TooShort(RuntimeError):
    """There was no import to lend beside."""


def memory(imports: Sequence[Brought]) -> list[Result]:
    """The most that worker and reader held together, and how much of that came late."""
    held: list[tuple[int, float]] = []
    records = 0
    for one in imports:
        held += [(records + done, size) for done, size in one.held]
        records += one.records
    early = max(size for done, size in held if done <= FIRST_PART * records)
    late = max(size for done, size in held if done >= LAST_PART * records)
    sizes = {"memory_mb": max(size for _, size in held), "memory_growth_mb": late - early}
    marks = {"memory_mb": (600, 400), "memory_growth_mb": (50, 25)}
    return [
        Result(
            metric=name,
            value=round(size, 1),
            must=marks[name][0],
            goal=marks[name][1],
            better="lower",
            unit="MB",
        )
        for name, size in sizes.items()
    ]


def facts(stage: Stage, alone: Sequence[Brought], beside: Sequence[Brought]) -> dict[str, object]:
    """What it was measured on, and where the processors' time went."""
    records = sum(one.records for one in (*alone, *beside))
    spent = {part: median(one.cpu[part] / one.records for one in alone) for part in alone[0].cpu}
    return {
        "file": f"{stage.name}, {TIMES} times: control numbers, titles and ISBNs changed",
        "records": alone[0].records,
        "seconds": [round(one.seconds, 1) for one in alone],
        "records_per_second_while_lending": round(median(one.rate for one in beside)),
        "memory_scale": f"{round(FIRST_PART * records)} to {records} records; "
        "`pinakes bench million` brings in a million",
        **{f"cpu_us_{part}": round(one, 1) for part, one in spent.items()},
    }
