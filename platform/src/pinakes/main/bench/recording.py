"""One life of a request as the database hears it, each message of it carried alone."""

from collections.abc import Awaitable, Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Literal
from uuid import UUID

import msgspec
from asyncpg.connection import Connection
from asyncpg.prepared_stmt import PreparedStatement

from pinakes.federation.lending import hot
from pinakes.federation.lending.model import Role
from pinakes.federation.lending.rows import Sought
from pinakes.federation.lending.schemas import NewRequest
from pinakes.main.bench.lives import Life, code
from pinakes.main.features import FEATURES
from pinakes.platform.carrier import acknowledge, apply, claim
from pinakes.platform.db import Database, uuid7
from pinakes.platform.directory import Directory
from pinakes.platform.feature import listeners_of
from pinakes.platform.identity import Principal
from pinakes.platform.identity import Role as Rights
from pinakes.platform.messages import Message
from pinakes.platform.replies import digest
from pinakes.tenants.circulation import service as circulation
from pinakes.tenants.circulation.hot import Desk, Key
from pinakes.tenants.circulation.schemas import Checkout, Return

S, P = Role.SUPPLIER, Role.PICKUP
LISTENERS = listeners_of(FEATURES)
BRACKETS = ("BEGIN", "COMMIT", "ROLLBACK")
SENT = ((Connection, "_execute", 2), (PreparedStatement, "_PreparedStatement__bind_execute", 1))

type Kind = Literal["step", "message", "acknowledgement"]
type Step = Callable[[str], Awaitable[Any]]  # takes the key that it is given under


@dataclass
class Deed:
    """A step, whose calls are each for themselves, or what is one transaction."""

    kind: Kind
    message: Message | None = None
    statements: list[tuple[str, Sequence[Any]]] = field(
        default_factory=list[tuple[str, Sequence[Any]]]
    )


@dataclass
class Recording:
    """A whole life."""

    life: Life
    deeds: list[Deed] = field(default_factory=list[Deed])
    listens: bool = False

    def begin(self, kind: Kind, message: Message | None = None) -> None:
        self.deeds.append(Deed(kind, message))
        self.listens = True

    def hear(self, statement: str, arguments: Sequence[Any]) -> None:
        if self.listens and not statement.lstrip().upper().startswith(BRACKETS):
            self.deeds[-1].statements.append((statement, arguments))


@contextmanager
def listening(recording: Recording) -> Generator[None]:
    """Hear what this process says to the database."""
    plain = [getattr(owner, verb) for owner, verb, _ in SENT]
    for (owner, verb, place), send in zip(SENT, plain, strict=True):
        setattr(owner, verb, heard(send, place, recording))
    try:
        yield
    finally:
        for (owner, verb, _), send in zip(SENT, plain, strict=True):
            setattr(owner, verb, send)


def heard(send: Any, place: int, recording: Recording) -> Any:
    """The same verb of the driver, overheard; its arguments stand at that *place*."""

    async def overheard(*told: Any, **more: Any) -> Any:
        statement = told[1] if place > 1 else told[0].get_query()
        recording.hear(statement, tuple(told[place]))
        return await send(*told, **more)

    return overheard


@dataclass
class Player:
    """Lives lives in this process, one message at a time."""

    database: Database
    directory: Directory

    async def live(self, life: Life) -> Recording:
        """Every step, and after it every message on its own."""
        recording = Recording(life)
        with listening(recording):
            for step in self.steps(life):
                recording.begin("step")
                await step(str(uuid7()))
                await self.carry(recording)
        return recording

    def desk(self, branch: int, name: str) -> Desk:
        asker = Principal("bench", "staff", roles=frozenset({Rights.DESK}))
        key = Key(digest(name), digest(name))
        return Desk(self.database.hot, self.directory, self.directory.ids[branch], asker, key)

    def steps(self, life: Life) -> Sequence[Step]:
        async def place(key: str) -> None:
            wish = NewRequest(pickup=code(life.pickup), edition=life.title)
            asker = Principal(str(life.person), "readers", person=life.person, home=code(life.home))
            answer = await hot.place(replace(self.desk(life.home, key), asker=asker), wish)
            life.request = UUID(msgspec.json.decode(answer.body)["request"])

        async def lend(key: str) -> None:
            wish = Checkout(str(life.index), life.barcode, code(life.home))
            await circulation.checkout(self.desk(life.pickup, key), wish)

        async def take_back(key: str) -> None:
            await circulation.give_back(self.desk(life.pickup, key), Return(life.barcode))

        ship, home = self.act(life, S, "ship"), self.act(life, S, "home")
        receive, shelve, send_on = (
            self.act(life, P, on) for on in ("receive", "shelve", "send_on")
        )
        return place, ship, receive, shelve, lend, take_back, send_on, home

    def act(self, life: Life, role: Role, on: str) -> Step:
        branch = life.supplier if role is S else life.pickup

        async def step(key: str) -> None:
            assert life.request is not None  # noqa: S101  (it has been placed)
            desk = self.desk(branch, key)
            await hot.act(desk, Sought(life.request, role), on, {})

        return step

    async def carry(self, recording: Recording) -> None:
        """Until no message is on its way."""
        while True:
            recording.listens = False
            runs = await claim(self.database)
            if not runs:
                return
            for message in (message for run in runs for message in run):
                recording.begin("message", message)
                await apply(self.database, LISTENERS, [[message]])
                recording.begin("acknowledgement", message)
                await acknowledge(self.database, [[message]])
