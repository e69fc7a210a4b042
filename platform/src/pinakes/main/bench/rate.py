"""Pages asked for at a fixed rate: ``python -m pinakes.main.bench.rate``, a process of its own.

Open loop: each request leaves at its tick, whatever has become of those before, and its latency
counts from the tick. An ``Order`` comes in as JSON, the latencies in milliseconds go out.
"""

import asyncio
import sys
import time
from subprocess import PIPE
from subprocess import run as call

import msgspec
import uvloop
from msgspec import Struct

from pinakes.main.bench.load import HEAD_ENDS, length


class Order(Struct):
    """Which paths to ask for, one after the other, and how many a second."""

    port: int
    paths: list[str]
    rate: float


type Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Visitor:
    """Asks, over as many connections as it takes."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.free: list[Connection] = []

    async def ask(self, path: str) -> None:
        """One request and its whole answer, which must be a good one."""
        reader, writer = await self.connection()
        writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        head = await reader.readuntil(HEAD_ENDS)
        body = await reader.readexactly(length(head))
        if b" 200 " not in head[:16]:
            raise RuntimeError(f"{path}: {body.decode(errors='replace')}")
        self.free.append((reader, writer))

    async def connection(self) -> Connection:
        """One that the other end has not closed, as it does when nobody asks for long."""
        while self.free:
            reader, writer = self.free.pop()
            if not reader.at_eof():
                return reader, writer
            writer.close()
        return await asyncio.open_connection("127.0.0.1", self.port)

    async def at(self, moment: float, path: str) -> float:
        await asyncio.sleep(moment - time.monotonic())
        await self.ask(path)
        return (time.monotonic() - moment) * 1000


async def latencies(order: Order) -> list[float]:
    """All of them, in the order of the paths."""
    visitor = Visitor(order.port)
    began = time.monotonic() + 0.05
    ticks = [began + number / order.rate for number in range(len(order.paths))]
    found = await asyncio.gather(*map(visitor.at, ticks, order.paths))
    for _, writer in visitor.free:
        writer.close()
    return found


def measured(order: Order) -> list[float]:
    """The same, by a process of its own."""
    command = [sys.executable, "-m", "pinakes.main.bench.rate"]
    done = call(command, input=msgspec.json.encode(order), stdout=PIPE, check=True)  # noqa: S603
    return msgspec.json.decode(done.stdout, type=list[float])


if __name__ == "__main__":
    order = msgspec.json.decode(sys.stdin.buffer.read(), type=Order)
    sys.stdout.buffer.write(msgspec.json.encode(uvloop.run(latencies(order))))
