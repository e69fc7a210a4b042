"""The checkout through HTTP, over its own SQL by pgbench, and over the same by an ORM."""

import sys
from contextlib import ExitStack
from statistics import median
from subprocess import PIPE
from subprocess import run as call

import msgspec

from pinakes.main.bench import cpu, pgbench, serving, stockroom, trips
from pinakes.main.bench.ground import Ground, ground
from pinakes.main.bench.load import Done, Order
from pinakes.main.bench.report import Report, Result, paired
from pinakes.main.bench.serving import Process
from pinakes.main.bench.stockroom import Stock

ROUNDS = 5
SECONDS = 3.0
WARM = 1.0  # seconds that nobody counts
MOST = {"floor": 4_000, "ours": 2_000, "orm": 600}  # items of each branch that one go may take
STOCK = Stock(items=sum(MOST.values()) * (ROUNDS + 2))


class Stage:
    """A full stockroom, and two APIs beside it."""

    def __init__(self, ground: Ground, ours: Process, orm: Process) -> None:
        self.ground = ground
        self.apis = {"ours": ours, "orm": orm}
        self.token = ground.token("desk@branch-1*")
        self.taken = 0
        self.cost: dict[str, list[tuple[float, float]]] = {"floor": [], "ours": [], "orm": []}

    def fresh(self, side: str) -> int:
        """The first of so many items that nobody has lent yet."""
        first, self.taken = self.taken, self.taken + MOST[side]
        return first

    def floor(self) -> float:
        """Checkouts a second by pgbench, and PostgreSQL's processor time for each."""
        postgres = self.ground.postgres
        before = cpu.spent(postgres.pid)
        rate = pgbench.checkouts(postgres, STOCK, first=self.fresh("floor"), seconds=SECONDS)
        self.cost["floor"].append((0, (cpu.spent(postgres.pid) - before) / (rate * SECONDS)))
        return rate

    def lend(self, side: str, seconds: float = SECONDS) -> float:
        """Checkouts a second over HTTP, and their processor time: of the API, of PostgreSQL."""
        api = self.apis[side]
        roots = (api.pid, self.ground.postgres.pid)
        before = [cpu.spent(root) for root in roots]
        done = self.load(api.port, side, seconds)
        app, database = (cpu.spent(root) - was for root, was in zip(roots, before, strict=True))
        self.cost[side].append((app / done.loans, database / done.loans))
        return done.rate

    def load(self, port: int, side: str, seconds: float) -> Done:
        """Let the generator run in a process of its own."""
        order = Order(
            port=port,
            token=self.token,
            branches=STOCK.branches,
            readers=STOCK.readers,
            first=self.fresh(side),
            seconds=seconds,
        )
        command = [sys.executable, "-m", "pinakes.main.bench.load"]
        done = call(command, input=msgspec.json.encode(order), stdout=PIPE, check=True)  # noqa: S603
        return msgspec.json.decode(done.stdout, type=Done)


def run() -> Report:
    """All three ratios; about two minutes."""
    with ExitStack() as stack:
        place = stack.enter_context(ground())
        stockroom.fill(place.postgres, STOCK)
        ours = stack.enter_context(serving.api(place.settings))
        orm = stack.enter_context(
            serving.api(place.settings, app="pinakes.main.bench.orm_asgi:app")
        )
        stage = Stage(place, ours, orm)
        for side in stage.apis:
            stage.lend(side, WARM)
            stage.cost[side].clear()
        rounds = [(stage.floor(), stage.lend("ours"), stage.lend("orm")) for _ in range(ROUNDS)]
        counted = round_trips(stage)
    return Report(bench="checkout", results=[*ratios(rounds), counted], facts=facts(stage))


def ratios(rounds: list[tuple[float, float, float]]) -> list[Result]:
    """Ours over the floor, ours over the ORM."""
    over_sql = [(ours, floor) for floor, ours, _ in rounds]
    over_orm = [(ours, orm) for _, ours, orm in rounds]
    unit = "checkouts/s"
    return [
        paired("checkout_vs_sql", over_sql, must=0.30, goal=0.40, unit=unit),
        paired("checkout_vs_orm", over_orm, must=5, goal=8, unit=unit),
    ]


def round_trips(stage: Stage) -> Result:
    """Trips of one checkout, seen by a proxy, once every statement is prepared."""
    with (
        trips.counting(stage.ground.settings) as (counter, settings),
        serving.api(settings) as api,
    ):
        stage.load(api.port, "ours", WARM)
        before = counter.trips()
        done = stage.load(api.port, "ours", WARM)
        value = (counter.trips() - before) / done.loans
    return Result(
        metric="round_trips", value=round(value, 2), must=3, goal=2, better="lower", unit="trips"
    )


def facts(stage: Stage) -> dict[str, float]:
    """Microseconds of processor time per checkout."""
    return {
        f"{part}_cpu_us_{side}": round(median(cost[place] for cost in costs), 1)
        for side, costs in stage.cost.items()
        for place, part in enumerate(("app", "postgres"))
        if costs[0][place]
    }
