"""The lean road of hot commands: one call that reads, rules in Python, one call that writes.

An answer is bytes from the start: it is kept under its idempotency key by the
same call that writes the change, and goes out as it was kept.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg

from pinakes.platform.db import uuid7
from pinakes.platform.directory import Directory, Tenant
from pinakes.platform.errors import Conflict
from pinakes.platform.identity import Principal
from pinakes.platform.log import request_id
from pinakes.platform.outage import was_overtaken

TRIES = 3


class ChangedMeanwhile(Conflict):
    code = "changed_meanwhile"
    title = "Others are changing the same thing; try again"


class Row(asyncpg.Record):
    """A row whose columns are attributes."""

    def __getattr__(self, name: str) -> Any:
        return self[name]


class Key(NamedTuple):
    """An idempotency key and what was sent with it, both as digests; none was sent at all."""

    key: bytes | None = None
    fingerprint: bytes | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes out; *fingerprint* is that of the first request when the answer is an old one."""

    status: int
    body: bytes
    fingerprint: bytes | None = None


@dataclass(frozen=True, slots=True)
class Desk:
    """Where a hot command is given: at which branch, by whom, under which key."""

    pool: asyncpg.Pool
    directory: Directory
    here: Tenant
    asker: Principal
    key: Key

    def opening(self, answer: Answer) -> tuple[Any, ...]:
        """What every writing function is told first."""
        return self.here.id, new_ids(), self.key.key, self.key.fingerprint, answer.body

    def closing(self) -> tuple[Any, ...]:
        """What it is told last: who wants it, in which request."""
        return self.asker.subject, self.asker.role, request_id.get()


type Connection = asyncpg.pool.PoolConnectionProxy[asyncpg.Record]
type Attempt = Callable[[Connection], Awaitable[Answer]]


async def settle(desk: Desk, attempt: Attempt) -> Answer:
    """Read, decide and write; start again when somebody else was faster, three times at most."""
    async with desk.pool.acquire() as connection:
        for _ in range(TRIES):
            try:
                return await attempt(connection)
            except asyncpg.PostgresError as error:
                if not was_overtaken(error):
                    raise
    raise ChangedMeanwhile("Look again, then repeat the request.")


async def read(connection: Connection, query: str, *arguments: Any) -> Row:
    """The one row of facts that a function returns."""
    row = await connection.fetchrow(query, *arguments, record_class=Row)
    assert row is not None  # noqa: S101  (a function with OUT parameters returns one row)
    return row


def earlier(row: Row) -> Answer | None:
    """The first answer to the same key, if there was one."""
    if row.fingerprint is None:
        return None
    return Answer(row.status, row.body, row.fingerprint)


def new_ids() -> list[UUID]:
    """For the answer, the audit, the two messages, a new membership and the message about it."""
    return [uuid7() for _ in range(6)]
