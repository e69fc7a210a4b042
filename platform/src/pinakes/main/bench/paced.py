"""Checkouts at a fixed rate, whatever becomes of those before.

``python -m pinakes.main.bench.paced``: a process of its own; an ``Order`` comes in as JSON, and
the latencies go out, in milliseconds.
"""

import asyncio
import sys
import time
from statistics import quantiles
from subprocess import PIPE
from subprocess import run as call

import msgspec

from pinakes.main.bench import load

CONNECTIONS = load.CONNECTIONS


class Order(load.Order):
    """``rate`` checkouts a second; ``first`` and the rest as for a closed loop."""

    rate: int = 100


class Line(asyncio.Protocol):
    """One connection: a question at a time."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.buffer = b""

    def ask(self, question: bytes) -> asyncio.Future[None]:
        """Settled when a loan has come back."""
        self.answered: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.transport.write(question)  # type: ignore[attr-defined]
        return self.answered

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        head, found, body = self.buffer.partition(load.HEAD_ENDS)
        if not found or len(body) < load.length(head):
            return
        answer, self.buffer = self.buffer, b""
        if head.startswith(load.CREATED):
            self.answered.set_result(None)
        else:
            self.answered.set_exception(RuntimeError(answer.decode(errors="replace")))


async def paced(order: Order) -> list[float]:
    """Ask at each tick; how long each answer took, the wait for a free connection included."""
    loop, free = asyncio.get_running_loop(), asyncio.Queue[Line]()
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
        asked.append(asyncio.create_task(one(number)))
    return await asyncio.gather(*asked)


def p95(order: Order) -> float:
    """Milliseconds, by a process of its own."""
    command = [sys.executable, "-m", "pinakes.main.bench.paced"]
    done = call(command, input=msgspec.json.encode(order), stdout=PIPE, check=True)  # noqa: S603
    return quantiles(msgspec.json.decode(done.stdout, type=list[float]), n=20)[-1]


if __name__ == "__main__":
    order = msgspec.json.decode(sys.stdin.buffer.read(), type=Order)
    sys.stdout.buffer.write(msgspec.json.encode(asyncio.run(paced(order))))
