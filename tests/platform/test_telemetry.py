"""Traces and measures reach a collector, and tell nothing of a reader."""

import os
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from pinakes.platform.config import Settings

CANARY = "canary9911"
# In a process of its own: what instruments libraries cannot be undone.
VISIT = """
import asyncio, httpx, sys
from pinakes.main.app import create_app, dress
from pinakes.platform.config import settings

async def main():
    app = create_app(settings())
    async with app.lifespan():
        transport = httpx.ASGITransport(app=dress(app))
        async with httpx.AsyncClient(transport=transport, base_url="http://pinakes.test") as client:
            for path in ("/readyz", f"/v1/{sys.argv[1]}?q={sys.argv[1]}"):
                await client.get(path)

asyncio.run(main())
"""
WORK = """
import asyncio, sys
from contextlib import suppress
from pinakes.main.worker import work
from pinakes.platform.config import settings

async def main():
    with suppress(TimeoutError):
        await asyncio.wait_for(work(settings(), ()), float(sys.argv[1]))

asyncio.run(main())
"""


@contextmanager
def collector() -> Generator[tuple[str, dict[str, list[bytes]]]]:
    """An OTLP collector that only keeps what it is sent: its address, and that."""
    kept: dict[str, list[bytes]] = {}

    class Collect(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            kept.setdefault(self.path, []).append(body)
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Collect)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", kept
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def sent_by(settings: Settings, script: str, *words: str) -> dict[str, bytes]:
    """All that *script* sends, by path, compression off."""
    with collector() as (address, kept):
        environment = {
            **os.environ,
            "PINAKES_DATABASE": settings.database.get_secret_value(),
            "PINAKES_CARRIER": settings.carrier.get_secret_value(),
            "PINAKES_PUBLIC": settings.public.get_secret_value(),
            "PINAKES_SECRET": settings.secret.get_secret_value(),
            "PINAKES_WORKER": settings.worker,
            "PINAKES_TELEMETRY": address,
            "OTEL_EXPORTER_OTLP_COMPRESSION": "none",
        }
        subprocess.run([sys.executable, "-c", script, *words], env=environment, check=True)
        return {path: b"".join(bodies) for path, bodies in kept.items()}


@pytest.fixture(scope="module")
def sent(settings: Settings) -> dict[str, bytes]:
    """All that one visit sends."""
    return sent_by(settings, VISIT, CANARY)


def test_spans_tell_of_requests_and_of_the_database(sent: dict[str, bytes]) -> None:
    traces = sent["/v1/traces"]
    assert b"opentelemetry.instrumentation.asgi" in traces
    assert b"opentelemetry.instrumentation.sqlalchemy" in traces


def test_the_worker_tells_of_the_database_too(settings: Settings) -> None:
    for seconds in ("2", "30"):  # a busy machine has not begun to work in two
        sent = sent_by(settings, WORK, seconds)
        if "/v1/traces" in sent:
            break
    assert b"opentelemetry.instrumentation.sqlalchemy" in sent["/v1/traces"]


def test_measures_are_sent(sent: dict[str, bytes]) -> None:
    assert b"http.server" in sent["/v1/metrics"]


def test_no_address_and_no_words_leave(sent: dict[str, bytes]) -> None:
    assert CANARY.encode() not in b"".join(sent.values())
