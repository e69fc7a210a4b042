"""The worker's ``/livez``: 200 while messages are looked for, 503 when that has stopped."""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from importlib.metadata import version
from urllib.parse import urlsplit

VERSION = version("pinakes")
STILL = 15.0  # seconds without a beat until the worker counts as unwell


class Pulse:
    """When somebody last looked for messages."""

    def __init__(self) -> None:
        self._last = -STILL

    def beat(self) -> None:
        """Say that messages are being looked for now."""
        self._last = time.monotonic()

    def well(self) -> bool:
        return time.monotonic() - self._last < STILL

    @asynccontextmanager
    async def shown(self, address: str) -> AsyncGenerator[None]:
        """Answer whoever asks at *address*, whatever the path."""
        place = urlsplit(address)
        server = await asyncio.start_server(self._answer, place.hostname, place.port)
        async with server:
            yield

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        status, body = ("200 OK", "true") if self.well() else ("503 Unavailable", "false")
        body = f'{{"ok": {body}, "version": "{VERSION}"}}'
        head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nConnection: close\r\n"
        writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode())
        await writer.drain()
        writer.close()
