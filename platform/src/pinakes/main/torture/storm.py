"""A storm: kill -9 of every part under load; then every acknowledged loan is looked for."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import cycle
from math import inf
from time import monotonic
from typing import Any, Protocol
from uuid import UUID, uuid4

import asyncpg
import httpx

from pinakes.main.embedded.postgres import Postgres

CLIENTS = 6
CREATED, OK, AWAY = 201, 200, 503
MOST = 300  # times that one request is sent before it counts as our fault
PATIENCE = 60.0  # seconds in which some message must arrive, once it is calm again
LONGEST = 300.0  # seconds until all of them have
AGAIN = 0.15  # seconds until an unanswered one is sent once more
BREATH = 0.2  # seconds of a client between two books: readers walk

type Killing = Callable[["Tally"], Awaitable[None]]
type Client = Callable[["Stage[Any]", "Tally", asyncio.Event], Coroutine[Any, Any, None]]


class Part(Protocol):
    """A process of the house."""

    @property
    def address(self) -> str: ...

    def last_words(self) -> str: ...


@dataclass
class Stage[P: Part]:
    """Where it storms: items of a lending branch, readers of a home branch."""

    postgres: Postgres
    api: P
    worker: P
    headers: Mapping[str, str]  # of the lending branch's desk
    lender: int
    code: str
    home: int
    cards: Sequence[str]
    barcodes: Sequence[str]
    others: Sequence[P] = ()  # workers beside it


@dataclass
class Tally:
    """What was acknowledged, and what came of it; ``wrong`` is empty when all is well."""

    kills: int = 0  # at named places
    ends: dict[str, int] = field(default_factory=dict[str, int])  # these by place
    elsewhere: int = 0  # wherever they were just then
    lent: list[UUID] = field(default_factory=list[UUID])
    returned: list[UUID] = field(default_factory=list[UUID])
    asked: list[UUID] = field(default_factory=list[UUID])  # requests between the branches
    unanswered: int = 0
    wrong: list[str] = field(default_factory=list[str])


async def storm(stage: Stage[Any], killing: Killing, more: Sequence[Client] = ()) -> Tally:
    """Clients lend and return, and do *more*, while *killing* goes on; then the check."""
    tally, over = Tally(), asyncio.Event()
    try:
        async with asyncio.TaskGroup() as tasks:
            for number in range(CLIENTS):
                tasks.create_task(client(stage, tally, over, number))
            for one in more:
                tasks.create_task(one(stage, tally, over))
            await killing(tally)
            over.set()
    except* AssertionError as refused:
        tally.wrong = [str(one) for one in refused.exceptions]
    if not tally.wrong:
        await calm(stage)
        tally.wrong = await check(stage, tally)
    return tally


async def client(stage: Stage[Any], tally: Tally, over: asyncio.Event, number: int) -> None:
    """Lend and take back own items, each request repeated under its key until it is answered."""
    books, cards = stage.barcodes[number::CLIENTS], stage.cards[number::CLIENTS]
    turns = zip(cycle(books), cycle(cards), strict=False)
    async with httpx.AsyncClient(headers=dict(stage.headers), timeout=10) as http:
        base = f"{stage.api.address}/v1/b/{stage.code}"
        for barcode, card in turns:
            loan = {"card": card, "barcode": barcode}
            lent = await insist(http, tally, f"{base}/loans", loan, CREATED)
            tally.lent.append(UUID(lent["id"]))
            back = await insist(http, tally, f"{base}/returns", {"barcode": barcode}, OK)
            tally.returned.append(UUID(back["id"]))
            if over.is_set():
                return
            await asyncio.sleep(BREATH)


async def insist(
    http: httpx.AsyncClient, tally: Tally, address: str, body: Mapping[str, Any], wanted: int
) -> dict[str, str]:
    """Ask until the answer is *wanted*; anything but an outage is our fault."""
    key = {"Idempotency-Key": str(uuid4())}
    answered = "nobody answers"
    for _ in range(MOST):
        try:
            answer = await http.post(address, json=body, headers=key)
        except httpx.HTTPError:
            tally.unanswered += 1
        else:
            if answer.status_code == wanted:
                told: dict[str, str] = answer.json()
                return told
            answered = f"{answer.status_code} {answer.text}"
            if answer.status_code != AWAY:
                break
            tally.unanswered += 1
        await asyncio.sleep(AGAIN)
    raise AssertionError(f"{address}: {answered}")


WAITING = "SELECT count(*) FROM outbox WHERE state <> 'sent'"
LATE = """
    SELECT state, failure, tries, seq IS NULL, count(*), min(due_at) - now()
    FROM outbox WHERE state <> 'sent' GROUP BY 1, 2, 3, 4"""
LOOK = 0.1  # seconds between two looks


async def calm(stage: Stage[Any]) -> None:
    """Wait until every message has arrived."""
    connection = await asyncpg.connect(stage.postgres.address("pinakes_carrier"))
    least, since, began = inf, monotonic(), monotonic()
    try:
        while waiting := await connection.fetchval(WAITING):
            if waiting < least:
                least, since = waiting, monotonic()
            if monotonic() - since > PATIENCE or monotonic() - began > LONGEST:
                late = [tuple(row) for row in await connection.fetch(LATE)]
                raise TimeoutError(f"{late}\n{stage.worker.last_words()}")
            await asyncio.sleep(LOOK)
    finally:
        await connection.close()


QUESTIONS = {
    "an acknowledged loan is lost": """
        SELECT unnest($1::uuid[]) EXCEPT SELECT id FROM loan WHERE tenant_id = $3""",
    "an acknowledged return is lost": """
        SELECT unnest($2::uuid[])
        EXCEPT SELECT id FROM loan WHERE tenant_id = $3 AND returned_at IS NOT NULL""",
    "a loan was made twice": """
        SELECT id FROM loan WHERE tenant_id = $3 EXCEPT SELECT unnest($1::uuid[])""",
    "an item is on two open loans, or lent without one": """
        SELECT i.id FROM item i LEFT JOIN loan l ON l.tenant_id = i.tenant_id
            AND l.item_id = i.id AND l.returned_at IS NULL
        WHERE i.tenant_id = $3 GROUP BY i.id, i.status
        HAVING count(l.id) <> (i.status = 'lent')::integer""",
    "the home branch tells another story": """
        SELECT coalesce(l.id, b.id) FROM (SELECT * FROM loan WHERE tenant_id = $3) l
        FULL JOIN (SELECT * FROM borrowed WHERE tenant_id = $4 AND lender_id = $3) b USING (id)
        WHERE l.id IS NULL OR b.id IS NULL
           OR (l.returned_at IS NULL) <> (b.returned_at IS NULL)""",
    "a receiver does not know what it has applied": """
        SELECT gen_random_uuid() FROM outbox o
        LEFT JOIN inbox i ON i.tenant_id = o.receiver AND i.sender = o.tenant_id
        WHERE o.tenant_id = $3 AND o.seq > coalesce(i.upto, 0) AND NOT EXISTS (
            SELECT FROM inbox_ahead a
            WHERE a.tenant_id = o.receiver AND a.sender = o.tenant_id AND a.seq = o.seq)""",
    "a message was numbered twice, or left out": """
        SELECT gen_random_uuid() FROM outbox WHERE tenant_id = $3 GROUP BY receiver
        HAVING count(*) <> max(seq) OR count(DISTINCT seq) <> max(seq)""",
    "an acknowledged request has not come to its end": """
        SELECT unnest($5::uuid[])
        EXCEPT SELECT id FROM request WHERE tenant_id = $4 AND state = 'COMPLETED'""",
    "a request was placed twice": """
        SELECT id FROM request WHERE tenant_id = $4 EXCEPT SELECT unnest($5::uuid[])""",
    "the parties of a request tell different stories": """
        SELECT request_id FROM request_party p
        JOIN LATERAL (SELECT max(attempt) AS last FROM request_party r
                      WHERE r.request_id = p.request_id) AS r ON true
        GROUP BY request_id HAVING NOT bool_and(over)
            OR array_agg(role || ' ' || state ORDER BY role) FILTER (WHERE attempt = last)
            <> ARRAY['pickup DONE', 'requester COMPLETED', 'supplier COMPLETED']""",
    "a step of a request stands twice in the ledger": """
        SELECT about FROM ledger_event WHERE about = ANY ($5)
        GROUP BY tenant_id, about, event::jsonb -> 'kind', (event::jsonb -> 'facts') - 'audit'
        HAVING count(*) > 1""",
    "what was recorded is not in the ledger's log, or twice": """
        SELECT gen_random_uuid() WHERE (SELECT count(*) FROM ledger_event)
            <> (SELECT count(*) FROM ledger_waiting)
             -- one leaf is the key
             + (SELECT greatest(count(*) - 1, 0) FROM commons.ledger_leaf)""",
    "a reader does not hear that a book is ready, or twice": """
        SELECT r.id FROM request r LEFT JOIN notice n
            ON n.tenant_id = r.tenant_id AND n.about = r.id AND n.kind = 'ready'
        WHERE r.id = ANY ($5) AND (SELECT count(*) FROM notice t WHERE t.tenant_id = $4
            AND t.person_id = r.person_id) < 100 -- of more nobody is told
        GROUP BY r.id HAVING count(n.id) <> 1""",
}


async def check(stage: Stage[Any], tally: Tally) -> list[str]:
    """What is wrong, in words; asked of the database as somebody whom no policy binds."""
    connection: Any = await asyncpg.connect(stage.postgres.address("postgres"))
    known = (tally.lent, tally.returned, stage.lender, stage.home, tally.asked)
    try:
        return [wrong for wrong, sql in QUESTIONS.items() if await asked(connection, sql, known)]
    finally:
        await connection.close()


async def asked(connection: Any, sql: str, known: tuple[Any, ...]) -> bool:
    """Whether *sql* finds anything; each question uses those of the five facts that it names."""
    facts = "($1::uuid[], $2::uuid[], $3::int, $4::int, $5::uuid[])"
    typed = f"SELECT FROM ({sql}) found WHERE {facts} IS NOT NULL"
    return bool(await connection.fetch(typed, *known))
