"""Lives of requests: a ring of branches, each home, supplier and pickup branch of its neighbours.

Life number n is asked for at the n-th branch of the ring, supplied by the next and collected at
the one behind; every one of them has a title of its own. What people do with it goes over HTTP.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from hashlib import md5
from itertools import count
from uuid import UUID, uuid4

import asyncpg
import msgspec

from pinakes.main.bench import stockroom
from pinakes.main.bench.ground import Ground
from pinakes.main.bench.load import HEAD_ENDS, length
from pinakes.main.bench.stockroom import Stock
from pinakes.main.bench.trips import Counter
from pinakes.main.embedded.postgres import Postgres

RING = 12  # branches; the hub is none of them
APART = 70_001  # so that a branch's number looks like no other
STOCK = Stock(branches=RING + 1, readers=200, records=200, items=200, apart=APART)
CONNECTIONS = 8
GOOD = (b"200", b"201")
RULES = """
INSERT INTO commons.setting VALUES
    (1, 'supply.answers', '"automatic"', false), (1, 'calendar.closed_weekdays', '[]', false),
    (1, 'hold.limit', '1000', false);
UPDATE item SET barcode = tenant_id || '-' || barcode;
INSERT INTO commons.edition (id, consortium_id) SELECT id, 1 FROM record;
INSERT INTO commons.holding (tenant_id, record_id, edition_id, title_fields, call_numbers, items,
                             available, lendable, kinds)
SELECT tenant_id, id, id, title_fields, '{}', 1, 1, 1, '{"book": 1}' FROM record;
INSERT INTO reader (tenant_id, id, person_id, kind, home_id, reader_kind, state, blocks,
                    keep_history, visits)
SELECT pickup.id, gen_random_uuid(), person_id, 'visiting', tenant_id, 'adult', 'active', '[]',
       false, '[]'
FROM reader JOIN commons.tenant pickup ON pickup.id <> ALL (ARRAY[1, tenant_id]);
VACUUM ANALYZE
"""
ON_THE_WAY = "SELECT EXISTS (SELECT FROM outbox WHERE state = 'waiting')"
AWAITED = "SELECT EXISTS (SELECT FROM outbox WHERE state = 'waiting' AND NOT patient)"
PROMISED = """
SELECT id FROM unnest($1::integer[], $2::uuid[]) AS asked (home, request)
JOIN request ON tenant_id = home AND id = request WHERE state = 'WILL_SUPPLY'
"""
LOOK = 0.01  # seconds


@dataclass
class Life:
    """One request, from its reader's wish until the book is home again."""

    number: int
    request: UUID | None = None

    @property
    def index(self) -> int:
        """Which reader of the home, and which title of the supplier."""
        return self.number // RING % STOCK.items

    @property
    def home(self) -> int:
        return branch(self.number)

    @property
    def supplier(self) -> int:
        return branch(self.number + 1)

    @property
    def pickup(self) -> int:
        return branch(self.number + 2)

    @property
    def person(self) -> UUID:
        return UUID(md5(f"{self.home}/{self.index}".encode()).hexdigest())  # noqa: S324

    @property
    def title(self) -> UUID:
        return UUID(md5(f"{self.supplier}.{self.index}".encode()).hexdigest())  # noqa: S324

    @property
    def barcode(self) -> str:
        return f"{self.supplier}-{self.index}"


def branch(place: int) -> int:
    """The number of a branch of the ring."""
    return 1 + APART * (1 + place % RING)


def code(branch: int) -> str:
    return f"branch-{branch}"


async def fill(postgres: Postgres) -> None:
    """Branches that lend to one another."""
    strong = await asyncpg.connect(postgres.address("postgres"))
    for order in RULES.split(";\n"):
        await strong.execute(order)
    await strong.close()


def stock(postgres: Postgres) -> None:
    """Readers, titles and rules of all branches."""
    stockroom.fill(postgres, STOCK)
    asyncio.run(fill(postgres))


@dataclass
class Desks:
    """All desks of all branches, behind a few connections."""

    ground: Ground
    port: int
    watch: asyncpg.Connection
    free: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = field(
        default_factory=asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]]
    )
    tokens: dict[UUID, str] = field(default_factory=dict[UUID, str])
    numbers: "count[int]" = field(default_factory=count)

    def __post_init__(self) -> None:
        self.staff = self.ground.token("desk@branch-1*")

    def reader(self, life: Life) -> str:
        if life.person not in self.tokens:
            self.tokens[life.person] = self.ground.reader(life.person, code(life.home))
        return self.tokens[life.person]

    async def post(self, branch: int, path: str, body: object, token: str) -> bytes:
        """The answer to one request, which must be a good one; it waits for a connection."""
        told = msgspec.json.encode(body)
        head = (
            f"POST /v1/b/{code(branch)}{path} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            f"Authorization: Bearer {token}\r\nIdempotency-Key: {uuid4()}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(told)}\r\n\r\n"
        )
        reader, writer = await self.free.get()
        if reader.at_eof():  # it was not used for a while
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            writer.write(head.encode() + told)
            said = await reader.readuntil(HEAD_ENDS)
            answer = await reader.readexactly(length(said))
        finally:
            self.free.put_nowait((reader, writer))
        if said.split()[1] not in GOOD:
            raise RuntimeError(f"{path}: {answer.decode(errors='replace')}")
        return answer

    async def place(self, life: Life) -> None:
        wish = {"pickup": code(life.pickup), "edition": life.title}
        answer = await self.post(life.home, "/requests", wish, self.reader(life))
        life.request = UUID(msgspec.json.decode(answer)["request"])

    async def step(self, life: Life, branch: int, role: str, act: str) -> None:
        await self.post(branch, f"/requests/{life.request}/{role}/{act}", {}, self.staff)

    async def ship(self, life: Life) -> None:
        await self.step(life, life.supplier, "supplier", "ship")

    async def receive(self, life: Life) -> None:
        await self.step(life, life.pickup, "pickup", "receive")
        await self.step(life, life.pickup, "pickup", "shelve")

    async def lend(self, life: Life) -> None:
        told = {"card": str(life.index), "card_of": code(life.home), "barcode": life.barcode}
        await self.post(life.pickup, "/loans", told, self.staff)

    async def take_back(self, life: Life) -> None:
        await self.post(life.pickup, "/returns", {"barcode": life.barcode}, self.staff)

    async def send_on(self, life: Life) -> None:
        await self.step(life, life.pickup, "pickup", "send_on")

    async def bring_home(self, life: Life) -> None:
        await self.step(life, life.supplier, "supplier", "home")

    @property
    def steps(self) -> Sequence[Callable[[Life], Awaitable[None]]]:
        """What people do, in order; before each, everybody has heard of the one before."""
        return (
            self.place, self.ship, self.receive, self.lend, self.take_back, self.send_on,
            self.bring_home,
        )  # fmt: skip

    async def live(self, lives: Iterable[Life]) -> None:
        """Whole lives, side by side, until the last message of theirs has arrived."""
        all_of_them = list(lives)
        for step in self.steps:
            await asyncio.gather(*map(step, all_of_them))
            await self.heard()
        await self.heard(ON_THE_WAY)

    async def paced(self, lives: Sequence[Life], rate: int) -> list[float]:
        """Milliseconds from each tick until the home knows that a wish will be supplied."""
        began = time.monotonic() + 0.05
        ticks = {id(life): began + number / rate for number, life in enumerate(lives)}

        async def one(life: Life) -> None:
            await asyncio.sleep(ticks[id(life)] - time.monotonic())
            await self.place(life)

        asked = [asyncio.create_task(one(life)) for life in lives]
        found, waiting = list[float](), list(lives)
        while waiting:
            await asyncio.sleep(LOOK)
            known = [life for life in waiting if life.request]
            told = [life.home for life in known], [life.request for life in known]
            sure = {row["id"] for row in await self.watch.fetch(PROMISED, *told)}
            now = time.monotonic()
            found += [(now - ticks[id(life)]) * 1000 for life in known if life.request in sure]
            waiting = [life for life in waiting if life.request not in sure]
        await asyncio.gather(*asked)
        return found

    async def trips_of(self, lives: Sequence[Life], counter: Counter) -> dict[str, float]:
        """Round trips of each kind of step."""
        found = dict[str, float]()
        for step in self.steps:
            made = 2 if step.__name__ == "receive" else 1
            found[step.__name__] = await counter.median(step, lives) / made
            await self.heard()
        return found

    async def heard(self, which: str = AWAITED) -> None:
        """Wait until no such message is on its way: none that somebody stands waiting for."""
        while await self.watch.fetchval(which):  # noqa: ASYNC110  (the other side is SQL)
            await asyncio.sleep(0.02)

    def next(self, many: int) -> list[Life]:
        return [Life(next(self.numbers)) for _ in range(many)]


@asynccontextmanager
async def desks(ground: Ground, port: int, first: int = 0) -> AsyncGenerator[Desks]:
    """Connect, and let go at the end; their lives are numbered from *first* on."""
    watch = await asyncpg.connect(ground.postgres.address("postgres"))
    found = Desks(ground, port, watch, numbers=count(first))
    for _ in range(CONNECTIONS):
        found.free.put_nowait(await asyncio.open_connection("127.0.0.1", port))
    try:
        yield found
    finally:
        while not found.free.empty():
            found.free.get_nowait()[1].close()
        await watch.close()
