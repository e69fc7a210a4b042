"""The real thing in processes of its own: uvicorn with the application, and the worker."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from tempfile import TemporaryFile
from typing import IO, Any

from pinakes.main.embedded.child import not_started
from pinakes.main.embedded.ports import anew, free_port
from pinakes.platform.config import Settings

PATIENCE = 30.0  # seconds
OK = 200


def environment(settings: Settings, **more: str) -> dict[str, str]:
    """The environment of a process with these settings."""
    return {**os.environ, **variables(settings), **more}


def variables(settings: Settings) -> dict[str, str]:
    """The settings as what of the environment is ours."""
    told: dict[str, Any] = settings.model_dump(exclude_none=True)
    return {
        f"PINAKES_{name.upper()}": value.get_secret_value()
        if hasattr(value, "get_secret_value")
        else str(value)
        for name, value in told.items()
    }


@dataclass
class Process:
    """One process that can be killed as a power cut would, and started again."""

    command: list[str]
    environment: dict[str, str]
    port: int
    path: str
    running: subprocess.Popen[bytes] | None = None
    log: IO[bytes] = field(default_factory=TemporaryFile)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        assert self.running is not None  # noqa: S101  (it was started)
        return self.running.pid

    def start(self) -> None:
        self.running = subprocess.Popen(  # noqa: S603  (our own Python)
            self.command, env=self.environment, stderr=self.log
        )
        ends = time.monotonic() + PATIENCE
        while not self.answers():
            if time.monotonic() > ends or self.running.poll() is not None:
                raise not_started(f"{self.command} does not answer\n{self.last_words(2000)}")
            time.sleep(0.05)

    def answers(self) -> bool:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=2)
        try:
            connection.request("GET", self.path)
            return connection.getresponse().status == OK
        except OSError:
            return False
        finally:
            connection.close()

    def last_words(self, most: int = 40_000) -> str:
        """The end of what it wrote."""
        self.log.seek(0, os.SEEK_END)
        self.log.seek(max(0, self.log.tell() - most))
        return self.log.read().decode(errors="replace")

    def kill(self) -> None:
        """Pull the plug (kill -9)."""
        if self.running is not None:
            self.running.kill()
            self.running.wait()

    def stop(self) -> None:
        if self.running is not None and self.running.poll() is None:
            self.running.send_signal(signal.SIGTERM)
            try:
                self.running.wait(15)
            except subprocess.TimeoutExpired:
                self.kill()


@contextmanager
def kept(made: Callable[[int], Process]) -> Generator[Process]:
    """A process that runs, *made* for a port that is free."""
    with ExitStack() as stack:

        def begin() -> Process:
            process = made(free_port())
            stack.callback(process.log.close)
            stack.callback(process.stop)
            process.start()
            return process

        yield anew(begin)


@contextmanager
def api(settings: Settings, app: str = "pinakes.main.asgi:app") -> Generator[Process]:
    """The API behind uvicorn."""

    def made(port: int) -> Process:
        words = [app, "--host", "127.0.0.1", "--port", str(port)]
        command = [sys.executable, "-m", "uvicorn", *words, "--no-access-log"]
        return Process(command, environment(settings), port, "/livez")

    with kept(made) as process:
        yield process


@contextmanager
def worker(settings: Settings) -> Generator[Process]:
    """The worker."""

    def made(port: int) -> Process:
        told = environment(settings, PINAKES_WORKER=f"http://127.0.0.1:{port}")
        return Process([sys.executable, "-m", "pinakes.main.worker"], told, port, "/livez")

    with kept(made) as process:
        yield process
