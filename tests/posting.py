"""A mail server and a webhook's receiver, as difficult as a test wants, and who sends there."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from ssl import SSLContext
from typing import Any
from uuid import UUID, uuid4

from lending import Bearer
from sqlalchemy import select, update

from pinakes.federation.notices import hooks, service
from pinakes.federation.notices.machine import Channel
from pinakes.federation.notices.models import Notice, NoticeDue
from pinakes.federation.notices.sending import Courier
from pinakes.federation.notices.service import Telling
from pinakes.federation.notices.wording import Facts
from pinakes.platform.db import Database, public_work, unit_of_work
from pinakes.platform.directory import Tenant
from pinakes.tenants.readers.models import Reader

ADDRESS = "ming@example.org"
CUT = 0  # instead of an answer the line breaks


@dataclass
class PostOffice:
    """Takes mail; *answers* are the codes that it gives to the next messages, after the last 250.

    A code of 1000 and more is given to the recipient, without the thousand.
    """

    port: int = 0
    offers: tuple[str, ...] = ()  # to whoever says EHLO
    answers: list[int] = field(default_factory=list[int])
    words: list[bytes] = field(default_factory=list[bytes])  # all that was said, line by line
    letters: list[EmailMessage] = field(default_factory=list[EmailMessage])
    tried: int = 0
    taken: Callable[[], object] = lambda: None  # when a letter is in hand and not yet answered

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):  # whoever sends may be killed
            await self.talk(reader, writer)
        writer.close()

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        def say(code: int, *words: str) -> None:
            lines = words or ("so it is",)
            for nth, word in enumerate(lines, 1):
                writer.write(f"{code}{' ' if nth == len(lines) else '-'}{word}\r\n".encode())

        say(220)
        while line := await reader.readline():
            self.words.append(line)
            match line.split()[0].upper():
                case b"EHLO":
                    say(250, "here", *self.offers)
                case b"RCPT" if self.answers and self.answers[0] >= 1000:
                    self.tried += 1
                    say(self.answers.pop(0) - 1000)
                case b"DATA":
                    say(354)
                    if not self.take(await reader.readuntil(b"\r\n.\r\n"), say):
                        break
                case verb:
                    say({b"AUTH": 235, b"QUIT": 221}.get(verb, 250))

    def take(self, body: bytes, say: Callable[[int], object]) -> bool:
        self.tried += 1
        code = self.answers.pop(0) if self.answers else 250
        if code in {250, CUT}:
            plain = body.removesuffix(b".\r\n").replace(b"\r\n..", b"\r\n.")
            letter: Any = message_from_bytes(plain, policy=default)
            self.letters.append(letter)
            self.taken()
        if code != CUT:
            say(code)
        return code != CUT


@dataclass
class Receiver:
    """Takes webhooks; *answers* are the statuses that it gives, after the last 204."""

    port: int = 0
    answers: list[int] = field(default_factory=list[int])
    calls: list[tuple[str, dict[str, str], bytes]] = field(
        default_factory=list[tuple[str, dict[str, str], bytes]]
    )

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {
            name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:])
        }
        body = await reader.readexactly(int(headers["content-length"]))
        self.calls.append((head[0], headers, body))
        status = self.answers.pop(0) if self.answers else 204
        if status != CUT:
            more = "Location: http://127.0.0.1:1/\r\n" if 300 <= status < 400 else ""
            writer.write(f"HTTP/1.1 {status} So\r\n{more}Content-Length: 0\r\n\r\n".encode())
        writer.close()


@asynccontextmanager
async def opened[Server: (PostOffice, Receiver)](
    server: Server, tls: SSLContext | None = None
) -> AsyncGenerator[Server]:
    """Serve on a free port of the loopback until the end."""
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0, ssl=tls)
    server.port = listening.sockets[0].getsockname()[1]
    async with listening:
        yield server


async def reach(
    database: Database, reader: Bearer, contact: str = f"138 0000 0000; {ADDRESS}"
) -> None:
    """Let the home know how the reader is reached."""
    async with unit_of_work(database.app, reader.home.id) as session:
        mine = update(Reader).where(Reader.person_id == reader.person)
        await session.execute(mine.values(contact=contact))


@dataclass
class Posting:
    """A branch, its reader, and the two ways to reach the reader."""

    database: Database
    here: Tenant
    reader: Bearer
    courier: Courier
    office: PostOffice
    receiver: Receiver

    async def tell(self, kind: str = "ready", about: UUID | None = None, **facts: Any) -> int:
        """How many notices are new."""
        told: dict[str, Any] = {
            "title": "红楼梦",
            "pickup": self.here.code,
            "until": 1_800_000_000,
        } | facts
        wish = Telling(
            kind=kind,
            about=about or uuid4(),
            occasion="1",
            person=self.reader.person,
            facts=Facts(**told),
        )
        async with unit_of_work(self.database.app, self.here.id) as session:
            return await service.tell(session, wish)

    async def round(self, channel: Channel = Channel.EMAIL) -> None:
        """Send whatever waits, now and not later."""
        async with public_work(self.database.carrier) as session:
            ours = update(NoticeDue).where(NoticeDue.tenant_id == self.here.id)
            await session.execute(ours.values(due_at=NoticeDue.created_at))
        while await self.courier.round(channel):
            pass

    async def rows(self) -> list[Notice]:
        async with unit_of_work(self.database.app, self.here.id) as session:
            return list(await session.scalars(select(Notice).order_by(Notice.id)))

    async def stands(self) -> list[tuple[str, str | None]]:
        """Where each notice stands, and why."""
        return [(row.state.value, row.reason) for row in await self.rows()]

    def without_server(self) -> "Posting":
        return replace(self, courier=replace(self.courier, server=None))

    async def hook(self) -> str:
        """The secret of a webhook to our receiver."""
        address = f"http://127.0.0.1:{self.receiver.port}/in?from=here"
        async with unit_of_work(self.database.app, self.here.id) as session:
            return (await hooks.decide(session, address, inside=True)).secret
