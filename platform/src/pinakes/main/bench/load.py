"""A closed-loop load on the checkout: ``python -m pinakes.main.bench.load``, a process of its own.

Eight connections, each with one request on its way at a time; no HTTP library, so that the
generator takes as little of the machine as it can. An ``Order`` comes in as JSON, and a
``Done`` goes out.
"""

import asyncio
import sys
import time

import msgspec
import uvloop
from msgspec import Struct

CONNECTIONS = 8
CREATED = b"HTTP/1.1 201"
HEAD_ENDS = b"\r\n\r\n"
LENGTH = b"content-length: "


class Order(Struct):
    """What to send where; items as in ``pgbench``."""

    port: int
    token: str
    branches: int
    readers: int
    first: int
    seconds: float


class Done(Struct):
    """How many were lent, and how long it took, the last ones' answers included."""

    loans: int
    seconds: float

    @property
    def rate(self) -> float:
        return self.loans / self.seconds


class Client(asyncio.Protocol):
    """One connection that lends one item after another."""

    def __init__(self, order: Order, number: int, ends: float, done: asyncio.Future[int]) -> None:
        self.order = order
        self.number = number
        self.ends = ends
        self.done = done
        self.sent = 0
        self.buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.send()

    def send(self) -> None:
        self.sent += 1
        self.transport.write(request(self.order, self.number, self.sent))  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        head, found, body = self.buffer.partition(HEAD_ENDS)
        if not found or len(body) < length(head):
            return
        if not head.startswith(CREATED):
            self.fail(self.buffer)
        self.buffer = b""
        if time.monotonic() < self.ends:
            self.send()
        else:
            self.transport.close()
            self.done.set_result(self.sent)

    def connection_lost(self, exc: Exception | None) -> None:
        self.fail(b"the server hung up")

    def fail(self, why: bytes) -> None:
        if not self.done.done():
            self.done.set_exception(RuntimeError(why.decode(errors="replace")))


def request(order: Order, client: int, n: int) -> bytes:
    """The *n*-th checkout of a *client*."""
    tenant = n % order.branches + 1
    barcode = order.first + n // order.branches * CONNECTIONS + client
    card = (barcode * 7919 + tenant * 104729) % order.readers
    body = f'{{"card":"{card}","barcode":"{barcode}"}}'
    return (
        f"POST /v1/b/branch-{tenant}/loans HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        f"Authorization: Bearer {order.token}\r\nIdempotency-Key: {tenant}:{barcode}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}"
    ).encode()


def length(head: bytes) -> int:
    return int(head.lower().partition(LENGTH)[2].partition(b"\r\n")[0])


async def load(order: Order) -> Done:
    """Lend until the time is over."""
    begins = time.monotonic()
    clients = (client(order, number, begins + order.seconds) for number in range(CONNECTIONS))
    total = sum(await asyncio.gather(*clients))
    return Done(total, time.monotonic() - begins)


async def client(order: Order, number: int, ends: float) -> int:
    """One connection's share."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[int] = loop.create_future()
    connection = Client(order, number, ends, done)
    await loop.create_connection(lambda: connection, "127.0.0.1", order.port)
    return await done


if __name__ == "__main__":
    order = msgspec.json.decode(sys.stdin.buffer.read(), type=Order)
    sys.stdout.buffer.write(msgspec.json.encode(uvloop.run(load(order))))
