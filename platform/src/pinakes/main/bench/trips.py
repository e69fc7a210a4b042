"""How often a request goes to the database and back: counted on the wire, BEGIN and COMMIT too.

A proxy stands between the application and PostgreSQL. Every Sync and every simple Query that
passes is one trip; connections that carry no hot command (the directory's look each second,
the wake-ups) are left out.
"""

import asyncio
from collections.abc import Awaitable, Callable, Generator, Iterable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import median
from threading import Thread
from urllib.parse import urlsplit

from pydantic import SecretStr

from pinakes.platform.config import Settings

HOT = (b"read_checkout",)
TRIPS = (ord("S"), ord("Q"))
UNTYPED = 4  # bytes of a length without a type before it: the first messages of a connection
SSL = 80877103


@dataclass
class Frontend:
    """What one connection's client has said."""

    words: Sequence[bytes] = HOT  # by which a hot command is known
    trips: int = 0
    hot: bool = False
    started: bool = False
    rest: bytes = b""

    def hear(self, data: bytes) -> None:
        """Take the next bytes, whole messages or not."""
        self.rest += data
        while size := self.next():
            message, self.rest = self.rest[:size], self.rest[size:]
            self.understand(message)

    def next(self) -> int:
        """The length of the next message if it is here as a whole, else 0."""
        head = 1 if self.started else 0
        if len(self.rest) < head + UNTYPED:
            return 0
        size = head + int.from_bytes(self.rest[head : head + UNTYPED])
        return size if len(self.rest) >= size else 0

    def understand(self, message: bytes) -> None:
        if not self.started:
            self.started = int.from_bytes(message[4:8]) != SSL
            return
        self.trips += message[0] in TRIPS
        self.hot = self.hot or any(word in message for word in self.words)


@dataclass
class Counter:
    """Every connection that went through the proxy."""

    words: Sequence[bytes] = HOT
    seen: list[Frontend] = field(default_factory=list[Frontend])

    def trips(self) -> int:
        """Of the connections that carried hot commands, so far."""
        return sum(one.trips for one in self.seen if one.hot)

    async def median[T](self, act: Callable[[T], Awaitable[None]], those: Iterable[T]) -> float:
        """Of one act of each, one after the other; what else looks now and then is left out."""
        found = list[int]()
        for one in those:
            before = self.trips()
            await act(one)
            found.append(self.trips() - before)
        return median(found)


@contextmanager
def counting(
    settings: Settings, words: Sequence[bytes] = HOT
) -> Generator[tuple[Counter, Settings]]:
    """A proxy before the database, in a thread of its own, and settings that lead through it."""
    counter, loop = Counter(words), asyncio.new_event_loop()
    address = settings.database.get_secret_value()
    server = loop.run_until_complete(listen(counter, urlsplit(address).port))
    proxy = server.sockets[0].getsockname()[1]
    through = SecretStr(address.replace(f":{urlsplit(address).port}/", f":{proxy}/"))
    thread = Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield counter, settings.model_copy(update={"database": through})
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.run_until_complete(close(server))
        loop.close()


async def listen(counter: Counter, port: int | None) -> asyncio.Server:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        frontend = Frontend(counter.words)
        counter.seen.append(frontend)
        back, forth = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(pump(reader, forth, frontend), pump(back, writer, None))

    return await asyncio.start_server(serve, "127.0.0.1", 0)


async def pump(
    source: asyncio.StreamReader, sink: asyncio.StreamWriter, heard: Frontend | None
) -> None:
    try:
        while data := await source.read(65536):
            if heard:
                heard.hear(data)
            sink.write(data)
            await sink.drain()
    except ConnectionError:
        return
    finally:
        sink.close()


async def close(server: asyncio.Server) -> None:
    server.close()
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
