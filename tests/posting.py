"""A mail server and a webhook's receiver, both real, both as difficult as a test wants them."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

CUT = 0  # instead of an answer the line breaks


@dataclass
class PostOffice:
    """Takes mail; *answers* are the codes that it gives to the next messages, after the last 250.

    A code of 1000 and more is given to the recipient, without the thousand.
    """

    port: int = 0
    answers: list[int] = field(default_factory=list[int])
    letters: list[EmailMessage] = field(default_factory=list[EmailMessage])
    tried: int = 0
    taken: Callable[[], object] = lambda: None  # when a letter is in hand and not yet answered

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):  # whoever sends may be killed
            await self.talk(reader, writer)
        writer.close()

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        def say(code: int, words: str = "so it is") -> None:
            writer.write(f"{code} {words}\r\n".encode())

        say(220)
        while line := await reader.readline():
            verb = line.split()[0].upper() if line.split() else b""
            refusal = self.answers[0] - 1000 if self.answers and self.answers[0] >= 1000 else None
            if verb == b"RCPT" and refusal is not None:
                self.answers.pop(0)
                self.tried += 1
                say(refusal)
            elif verb == b"DATA":
                say(354)
                body = await reader.readuntil(b"\r\n.\r\n")
                if not self.take(body, say):
                    break
            else:
                say(221 if verb == b"QUIT" else 250)
                if verb == b"QUIT":
                    break

    def take(self, body: bytes, say: Callable[[int], None]) -> bool:
        self.tried += 1
        code = self.answers.pop(0) if self.answers else 250
        if code in {250, CUT}:
            letter: Any = message_from_bytes(body.removesuffix(b"\r\n.\r\n"), policy=default)
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
        headers = dict(line.lower().split(": ", 1) for line in head[1:] if line)
        body = await reader.readexactly(int(headers["content-length"]))
        self.calls.append((head[0], headers, body))
        status = self.answers.pop(0) if self.answers else 204
        if status != CUT:
            more = "Location: http://127.0.0.1:1/\r\n" if 300 <= status < 400 else ""
            writer.write(f"HTTP/1.1 {status} So\r\n{more}Content-Length: 0\r\n\r\n".encode())
        writer.close()


@asynccontextmanager
async def opened[Server: (PostOffice, Receiver)](server: Server) -> AsyncGenerator[Server]:
    """Serve on a free port of the loopback until the end."""
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    server.port = listening.sockets[0].getsockname()[1]
    async with listening:
        yield server
