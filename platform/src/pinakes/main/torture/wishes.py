"""Requests between the two branches of a storm: asked for, sent, lent, given back, home again."""

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass
from itertools import cycle
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import asyncpg
import httpx

from pinakes.main.bench.ground import Ground
from pinakes.main.embedded.postgres import Postgres
from pinakes.main.torture.lives import Lives
from pinakes.main.torture.scene import HOME, LENDER
from pinakes.main.torture.storm import Client, Stage, Tally, insist
from pinakes.platform.outage import is_outage

BORROWERS, MOST = 3, 20  # in a short storm, and in a long one
LOOK = 0.1  # seconds between two looks at a party
LONGEST = 1_200  # looks
QUEUE = 3  # in a long storm every so many readers want what somebody else has just borrowed
TICK = 0.5  # seconds until what was lent is overdue
CODES = {LENDER: "lender", HOME: "home"}

GENEROUS = """
INSERT INTO commons.setting
SELECT t, key, value::jsonb, false
FROM unnest(ARRAY[1, 2]) t, (VALUES ('supply.answers', '"automatic"'),
                                    ('calendar.closed_weekdays', '[]')) AS s (key, value)
"""
SHELVED = (
    """
    INSERT INTO record (tenant_id, id, key, control_number, agency, digest, dialect, encoding,
                        state, raw, title_fields, sort_key, isbn13)
    VALUES (1, $1, $2, $2, 'wish', '', 'marc21', 'utf-8', 'live', '',
            jsonb_build_object('title', $2::text), '', '')""",
    """
    INSERT INTO item (tenant_id, id, record_id, barcode, kind, status, call_number)
    VALUES (1, gen_random_uuid(), $1, $2, 'book', 'on_shelf', 'I247')""",
    """
    WITH edition AS (INSERT INTO commons.edition (id, consortium_id) VALUES ($1, 1))
    INSERT INTO commons.holding (tenant_id, record_id, edition_id, title_fields, call_numbers,
                                 items, available, lendable, kinds)
    VALUES (1, $1, $1, json_build_object('title', $2::text), '{}', 1, 1, 1, '{"book": 1}')""",
)
DUE = """
WITH late AS (
    UPDATE request_party SET alarm_at = floor(extract(epoch FROM now()))
    WHERE (tenant_id, id) IN (
        SELECT tenant_id, id FROM request_party
        WHERE alarm = 'overdue' AND alarm_at > extract(epoch FROM now())
        FOR UPDATE SKIP LOCKED)
), rung AS (
    UPDATE alarm SET due_at = now() WHERE (tenant_id, id) IN (
        SELECT tenant_id, id FROM alarm WHERE due_at > now() FOR UPDATE SKIP LOCKED)
)
UPDATE notice_due SET due_at = now() WHERE (tenant_id, id) IN (
    SELECT tenant_id, id FROM notice_due WHERE due_at > now() LIMIT 5 FOR UPDATE SKIP LOCKED)
"""
IN_LINE = "SELECT true FROM commons.wanted WHERE request_id = $1"
WHERE_IT_STANDS = """
SELECT state FROM request_party WHERE tenant_id = $1 AND request_id = $2 AND role = $3
ORDER BY attempt DESC LIMIT 1
"""


class Step(NamedTuple):
    """What *branch* does once its party, in this role, is in that state."""

    role: str
    state: str
    branch: int
    path: str
    status: int = 200


STEPS = (
    Step("supplier", "WILL_SUPPLY", LENDER, "requests/{request}/supplier/ship"),
    Step("pickup", "ON_ITS_WAY", HOME, "requests/{request}/pickup/receive"),
    Step("pickup", "RECEIVED", HOME, "requests/{request}/pickup/shelve"),
    Step("pickup", "READY", HOME, "loans", 201),
    Step("pickup", "LENT", HOME, "returns"),
    Step("pickup", "RETURNED", HOME, "requests/{request}/pickup/send_on"),
    Step("supplier", "SHIPPED_RETURN", LENDER, "requests/{request}/supplier/home"),
)


@dataclass
class Watch:
    """Sees how parties stand, through one connection as long as PostgreSQL lives."""

    postgres: Postgres
    connection: asyncpg.Connection | None = None

    async def state(self, branch: int, request: UUID, role: str) -> str | None:
        """None when nobody answers, or knows it."""
        state: str | None = await self.told(WHERE_IT_STANDS, branch, request, role)
        return state

    async def told(self, question: str, *facts: object) -> Any:
        """None when nobody answers."""
        try:
            if self.connection is None or self.connection.is_closed():
                self.connection = await asyncpg.connect(self.postgres.address("postgres"))
            return await self.connection.fetchval(question, *facts)
        except Exception as trouble:
            if not is_outage(trouble):  # it is dead just now
                raise
            await self.aclose()  # what has lost its place in the talk may never know
            return None

    async def aclose(self) -> None:
        if self.connection is not None:
            self.connection.terminate()
            self.connection = None


@dataclass(frozen=True)
class Borrower:
    """Staff who ask for the same title for one reader, again and again, and serve it."""

    watch: Watch
    title: UUID
    barcode: str
    card: str
    staff: str  # the token
    queued: bool  # somebody else is faster

    async def borrow(self, stage: Stage[Lives], tally: Tally, over: asyncio.Event) -> None:
        """One request after another, each to its end."""
        base = f"{stage.api.address}/v1/b"
        wish: dict[str, Any] = {
            "pickup": CODES[HOME],
            "edition": str(self.title),
            "card": self.card,
        }
        wish["sure"] = True  # news of the loan before may still be under way
        async with httpx.AsyncClient(timeout=10) as http, aclosing(self.watch):
            while not over.is_set():
                if self.queued:
                    await self.outside(http, tally, base, "loans", 201, tally.lent)
                http.headers["Authorization"] = f"Bearer {self.staff}"
                told = await insist(http, tally, f"{base}/{CODES[HOME]}/requests", wish, 201)
                request = UUID(told["request"])
                tally.asked.append(request)
                if self.queued:
                    await self.in_line(request)
                    await self.outside(http, tally, base, "returns", 200, tally.returned)
                for step in STEPS:
                    await self.reached(step.branch, request, step.role, step.state)
                    body = self.body(step)
                    path = step.path.format(request=request)
                    address = f"{base}/{CODES[step.branch]}/{path}"
                    await insist(http, tally, address, body, step.status)
                await self.reached(HOME, request, "requester", "COMPLETED")

    async def in_line(self, request: UUID) -> None:
        """Wait until it stands in the queue for its title."""
        for _ in range(LONGEST):
            if await self.watch.told(IN_LINE, request):
                return
            await asyncio.sleep(LOOK)
        raise AssertionError(f"{request} never came into the queue")

    async def outside(
        self, http: httpx.AsyncClient, tally: Tally, base: str, path: str, status: int,
        done: list[UUID],
    ) -> None:  # fmt: skip
        """At the lender's own desk: whoever was faster borrows the copy, or brings it back."""
        http.headers["Authorization"] = f"Bearer {self.staff}"
        body = {"card": self.card, "barcode": self.barcode}
        body = body if path == "loans" else {"barcode": self.barcode}
        told = await insist(http, tally, f"{base}/{CODES[LENDER]}/{path}", body, status)
        done.append(UUID(told["id"]))

    def body(self, step: Step) -> dict[str, str]:
        """What the desk scans at a *step*."""
        scanned = {"card": self.card, "barcode": self.barcode}
        return {"loans": scanned, "returns": {"barcode": self.barcode}}.get(step.path, {})

    async def reached(self, branch: int, request: UUID, role: str, state: str) -> None:
        """Wait until the message that somebody's party waits for has come."""
        found = None
        for _ in range(LONGEST):
            found = await self.watch.state(branch, request, role)
            if found == state:
                return
            await asyncio.sleep(LOOK)
        raise AssertionError(f"{role} of {request} is {found}, not {state}")


async def time_passes(stage: Stage[Lives], _: Tally, over: asyncio.Event) -> None:
    """What was lent is overdue at once; timers and notices are looked at all the time."""
    async with aclosing(Watch(stage.postgres)) as watch:
        while not over.is_set():
            await watch.told(DUE)
            await asyncio.sleep(TICK)


async def borrowers(place: Ground, cards: Sequence[str], many: int = BORROWERS) -> list[Client]:
    """Let the lender own titles that some readers of the home branch want."""
    strong = await asyncpg.connect(place.postgres.address("postgres"))
    staff = place.token(*(f"desk@{code}" for code in CODES.values()))
    await strong.execute(GENEROUS)
    found = list[Client]()
    for number, card in zip(range(many), cycle(cards), strict=False):
        title, barcode = uuid4(), f"wish-{number}"
        for order in SHELVED:
            await strong.execute(order, title, barcode)
        watch = Watch(place.postgres)
        queued = many > BORROWERS and number % QUEUE == 0
        found.append(Borrower(watch, title, barcode, card, staff, queued).borrow)
    await strong.close()
    return found
