"""A part of Pinakes that is a Python program with an address to ask whether it is ready."""

import signal
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from subprocess import PIPE, Popen

from pinakes.main.embedded import child
from pinakes.main.embedded.ask import NotWell, ask
from pinakes.main.embedded.child import last_words, not_started


class Program:
    """``python -m`` *words*, well when *ready* (an address) answers 200.

    It loads the module *first* while it waits to be released. Start it from the main thread: it
    is killed when the thread that started it ends.
    """

    def __init__(self, name: str, first: str, words: list[str], ready: str, log: Path) -> None:
        self.name = name
        self.words = [first, *words]
        self.ready = ready
        self.log = log
        self.environment: Mapping[str, str] = {}
        self._process: Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def launch(self) -> None:
        """Start it; ``wait()`` says when it is ready."""
        self.load()
        self.release()

    def load(self) -> None:
        """Start it, up to where it needs the other parts."""
        command = [sys.executable, "-P", "-m", "pinakes.main.embedded.gate", *self.words]
        self._process = child.start(command, self.log, env=self.environment, stdin=PIPE)

    def release(self) -> None:
        """The other parts are there: let it begin."""
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()

    def wait(self, seconds: float = 60.0) -> None:
        """Return when it is ready."""
        ends = time.monotonic() + seconds
        while self.alive() and time.monotonic() < ends:
            try:
                ask(self.ready)
            except NotWell:
                time.sleep(0.05)
            else:
                return
        self.stop()
        raise not_started(f"The {self.name} did not start; {last_words(self.log)}")

    def stop(self) -> None:
        """Let it finish what it does, then end it."""
        if self._process is not None:
            child.stop(self._process, (signal.SIGTERM, 10.0))
        self._process = None
