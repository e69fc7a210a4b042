"""Checkouts at a fixed rate, whatever becomes of those before.

``python -m pinakes.main.bench.paced``: a process of its own; an ``Order`` comes in as JSON, and
``Lent`` goes out, when the time is over or SIGTERM has come.
"""

import asyncio
import signal
import sys
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from statistics import quantiles
from subprocess import PIPE
from subprocess import run as call

import msgspec
from msgspec import Struct

from pinakes.main.bench import load

CONNECTIONS = load.CONNECTIONS
COMMAND = [sys.executable, "-m", "pinakes.main.bench.paced"]


class Order(load.Order):
    """``rate`` checkouts a second; ``first`` and the rest as for a closed loop."""

    rate: int = 100


class Lent(Struct):
    """When the first was asked for, by the machine's clock, and how long each took, in ms."""

    began: float = 0.0
    rate: int = 0
    took: list[float] = []

    def p95(self, since: float | None = None, until: float | None = None) -> float:
        """Milliseconds, of those that were asked for in this time."""
        first, behind = (
            None if at is None else round((at - self.began) * self.rate) for at in (since, until)
        )
        return quantiles(self.took[first:behind], n=20)[-1]


class Line(asyncio.Protocol):
    """One connection: a question at a time."""

    answered: asyncio.Future[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.buffer = b""

    def ask(self, question: bytes) -> asyncio.Future[None]:
        """Settled when a loan has come back, or nothing will."""
        self.answered = asyncio.get_running_loop().create_future()
        self.transport.write(question)  # type: ignore[attr-defined]
        return self.answered

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        head, found, body = self.buffer.partition(load.HEAD_ENDS)
        if not found or len(body) < load.length(head):
            return
        answer, self.buffer = self.buffer, b""
        assert self.answered is not None  # noqa: S101  (it was asked)
        if head.startswith(load.CREATED):
            self.answered.set_result(None)
        else:
            self.answered.set_exception(RuntimeError(answer.decode(errors="replace")))

    def connection_lost(self, exc: Exception | None) -> None:
        if self.answered is not None and not self.answered.done():
            self.answered.set_exception(RuntimeError("the server hung up"))


async def paced(order: Order) -> Lent:
    """Ask at each tick; how long each answer took, the wait for a free connection included."""
    loop, free, ended = asyncio.get_running_loop(), asyncio.Queue[Line](), asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, ended.set)
    for _ in range(CONNECTIONS):
        free.put_nowait((await loop.create_connection(Line, "127.0.0.1", order.port))[1])

    async def one(number: int) -> float:
        began = time.perf_counter()
        line = await free.get()
        await line.ask(load.request(order, number % CONNECTIONS, number // CONNECTIONS))
        free.put_nowait(line)
        return (time.perf_counter() - began) * 1000

    begins, asked = time.monotonic(), list[asyncio.Task[float]]()
    for number in range(int(order.rate * order.seconds)):
        await asyncio.sleep(begins + number / order.rate - time.monotonic())
        if ended.is_set():
            break
        asked.append(asyncio.create_task(one(number)))
    return Lent(begins, order.rate, await asyncio.gather(*asked))


def p95(order: Order) -> float:
    """Milliseconds, by a process of its own."""
    done = call(COMMAND, input=msgspec.json.encode(order), stdout=PIPE, check=True)  # noqa: S603
    return msgspec.json.decode(done.stdout, type=Lent).p95()


@asynccontextmanager
async def lending(order: Order) -> AsyncGenerator[Lent]:
    """Lend while others do something else; it is known afterwards how long that took."""
    lent = Lent()
    process = await asyncio.create_subprocess_exec(*COMMAND, stdin=PIPE, stdout=PIPE)
    told = asyncio.create_task(process.communicate(msgspec.json.encode(order)))
    try:
        yield lent
    finally:
        process.terminate()
        said, _ = await told
    found = msgspec.json.decode(said, type=Lent)
    lent.began, lent.rate, lent.took = found.began, found.rate, found.took


if __name__ == "__main__":
    order = msgspec.json.decode(sys.stdin.buffer.read(), type=Order)
    sys.stdout.buffer.write(msgspec.json.encode(asyncio.run(paced(order))))
