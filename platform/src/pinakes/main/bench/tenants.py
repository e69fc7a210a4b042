"""3,419 branches move in; then whether one more, or one checkout, costs more among so many."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from itertools import count

import asyncpg
from msgspec.structs import replace

from pinakes.main.bench import cpu, pgbench, stockroom
from pinakes.main.bench.ground import ground
from pinakes.main.bench.premises import Premises, premises
from pinakes.main.bench.report import Report, Result, paired
from pinakes.main.bench.stockroom import Stock
from pinakes.main.embedded.postgres import Postgres
from pinakes.platform.doors import Doors
from pinakes.platform.identity import Principal, Role
from pinakes.tenants.registry.bulk import Line, Outcome, move_in
from pinakes.tenants.registry.machine import Kind
from pinakes.tenants.registry.onboarding import onboard
from pinakes.tenants.registry.schemas import NewBranch

TREE = {Kind.PROVINCE: 40, Kind.CITY: 479, Kind.COUNTY: 2_900}
FEW = {Kind.PROVINCE: 9}
ROUNDS = 7
EACH = 10  # branches that move in per round and side
SECONDS = 3.0  # of checkouts per round and side
WIDE = Stock(branches=3_419, readers=16, records=20, items=128)
NARROW = Stock(branches=10, readers=5_470, records=6_838, items=43_763)  # the same rows
TAKEN = {10: 4_000, 3_419: 12}  # items of each branch that one go may take
OPERATOR = Principal("bench", roles=frozenset({Role.OPERATOR}))

type Cost = Callable[[], Awaitable[float]]


def run() -> Report:
    """Five to ten minutes."""
    with premises() as full, premises() as small:
        moved = asyncio.run(moving(full, small))
    return Report(bench="tenants", results=[*moved, checkouts()])


def tree(kinds: dict[Kind, int]) -> Iterator[NewBranch]:
    """A hub, and below it so many branches of each kind, spread evenly over their parents."""
    yield NewBranch(code="hub", kind=Kind.HUB, name_zh="中心", name_en="Hub")
    above, parents = Kind.HUB, 1
    for kind, many in kinds.items():
        for number in range(many):
            parent = "hub" if above == Kind.HUB else f"{above}-{number % parents}"
            code = f"{kind}-{number}"
            yield NewBranch(code=code, kind=kind, parent=parent, name_zh="馆", name_en=code)
        above, parents = kind, many


async def moving(full: Premises, small: Premises) -> list[Result]:
    """How long they all take, and what one more costs among many and among few."""
    async with Doors.open(full.settings) as many, Doors.open(small.settings) as few:
        begun = time.monotonic()
        await fill(many, TREE)
        minutes = (time.monotonic() - begun) / 60
        await fill(few, FEW)
        among_many, among_few = one_more(many), one_more(few)
        for warm_up in (among_many, among_few):
            await warm_up()
        rounds = [(await several(among_many), await several(among_few)) for _ in range(ROUNDS)]
    ratio = paired("last_vs_tenth", rounds, must=1.2, goal=1.1, unit="ms")
    return [
        Result(
            metric="onboarding_minutes",
            value=round(minutes, 2),
            must=10,
            goal=3,
            better="lower",
            unit="min",
        ),
        replace(ratio, better="lower"),
    ]


async def fill(doors: Doors, kinds: dict[Kind, int]) -> None:
    """Let a whole tree move in, as an import of a file does."""
    lines = [Line(number, wish.code, wish) for number, wish in enumerate(tree(kinds), 2)]
    failed = [
        outcome
        for outcome in await move_in(doors, OPERATOR, lines, ignore)
        if outcome.result != "created"
    ]
    if failed:
        raise RuntimeError(f"{len(failed)} branches did not move in, such as {failed[0]}")


def ignore(outcome: Outcome) -> None:
    """Nobody watches."""


def one_more(doors: Doors) -> Cost:
    """Lets one more branch move in; how many milliseconds that took."""
    numbers = count()

    async def move() -> float:
        wish = NewBranch(
            code=f"late-{next(numbers)}", kind=Kind.PROVINCE, parent="hub", name_en="Late"
        )
        begun = time.perf_counter()
        await onboard(doors, OPERATOR, wish)
        return (time.perf_counter() - begun) * 1000

    return move


async def several(cost: Cost) -> float:
    """The mean of one round."""
    return sum([await cost() for _ in range(EACH)]) / EACH


def checkouts() -> Result:
    """PostgreSQL's processor time of a checkout where so many rows belong to many, and to few."""
    with ground() as place:
        asyncio.run(make_twin(place.postgres))
        sides = {"pinakes": WIDE, "narrow": NARROW}
        for database, stock in sides.items():
            stockroom.fill(place.postgres, stock, database)
        rounds = [
            tuple(lend(place.postgres, number, stock, name) for name, stock in sides.items())
            for number in range(ROUNDS + 1)
        ]
    pairs = [(wide, narrow) for wide, narrow in rounds[1:]]  # the first go fills the caches
    ratio = paired("checkout_cpu_3419_vs_10", pairs, must=1.1, goal=1.05, unit="us")
    return replace(ratio, better="lower")


async def make_twin(postgres: Postgres) -> None:
    """A second database with the same tables, still empty."""
    server = await asyncpg.connect(postgres.address("postgres", "postgres"))
    await server.execute("CREATE DATABASE narrow TEMPLATE pinakes")
    await server.close()


def lend(postgres: Postgres, number: int, stock: Stock, database: str) -> float:
    """Microseconds per checkout in one go of pgbench."""
    before = cpu.spent(postgres.pid)
    rate = pgbench.checkouts(
        postgres,
        stock,
        first=number * TAKEN[stock.branches],
        seconds=SECONDS,
        database=database,
    )
    return (cpu.spent(postgres.pid) - before) / (rate * SECONDS)
