"""The other end of a nest: begins lives and sees them end."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from enum import Enum, auto
from tempfile import TemporaryFile
from typing import IO, Self

import msgspec

from pinakes.main.bench.serving import environment
from pinakes.main.embedded.ports import free_port
from pinakes.main.torture.nest import HALTED, KILLED, Life
from pinakes.platform.config import Settings

LONGEST = 3.0  # seconds of a life whose end does not come by itself


class End(Enum):
    """How a life ended."""

    AT_ITS_PLACE = auto()  # where it was to
    ANYWHERE = auto()  # by our hand, when it had lasted long enough
    NOT_YET = auto()  # it stands at its place until it is let go on
    GAVE_UP = auto()


@dataclass
class Lives:
    """One part of the house, killed and born again."""

    role: str
    port: int
    nest: asyncio.subprocess.Process
    log: IO[bytes] = field(repr=False)
    pid: int = 0

    @classmethod
    @asynccontextmanager
    async def of(cls, role: str, settings: Settings) -> AsyncGenerator[Self]:
        """A nest that imports now; its first life begins at once."""
        port = free_port()
        told = environment(settings, PINAKES_WORKER=f"http://127.0.0.1:{port}")
        command = [sys.executable, "-m", "pinakes.main.torture.nest", role, str(port)]
        with TemporaryFile() as log:
            nest = await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                env=told,
            )
            lives = cls(role, port, nest, log)
            try:
                await lives.begin(Life())
                yield lives
            finally:
                lives.kill()
                nest.kill()
                await nest.wait()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def last_words(self, most: int = 4_000) -> str:
        """The end of what it wrote."""
        self.log.seek(0, os.SEEK_END)
        self.log.seek(max(0, self.log.tell() - most))
        return self.log.read().decode(errors="replace")

    async def begin(self, life: Life) -> None:
        assert self.nest.stdin is not None  # noqa: S101  (we asked for a pipe)
        self.nest.stdin.write(msgspec.json.encode(life) + b"\n")
        self.pid = int(await self.heard())

    async def end(self, patience: float = LONGEST) -> End:
        """Wait for the end of this life, or bring it about."""
        hearing = asyncio.create_task(self.heard())
        ended, _ = await asyncio.wait([hearing], timeout=patience)
        if not ended:
            self.kill()
        told = await hearing
        while told == HALTED and not ended:
            told = await self.heard()
        if told == HALTED:
            return End.NOT_YET
        self.pid = 0
        if not ended:
            return End.ANYWHERE
        return End.AT_ITS_PLACE if told == KILLED else End.GAVE_UP

    def go_on(self) -> None:
        """Let it leave the place where it stands."""
        os.kill(self.pid, signal.SIGCONT)

    async def heard(self) -> str:
        assert self.nest.stdout is not None  # noqa: S101  (we asked for a pipe)
        if not (line := await self.nest.stdout.readline()):
            raise RuntimeError(f"the {self.role} has no nest any more\n{self.last_words()}")
        return line.decode().strip()

    def kill(self) -> None:
        """Pull the plug (kill -9)."""
        if self.pid:
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
