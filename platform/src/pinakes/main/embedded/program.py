"""A part of Pinakes that is a Python program with an address to ask whether it is ready."""

import signal
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from subprocess import Popen

from pinakes.main.embedded import child
from pinakes.main.embedded.ask import NotWell, ask
from pinakes.main.embedded.child import NotStarted


class Program:
    """``python -m`` *words*, well when *ready* (an address) answers 200.

    Start it from the main thread: it is killed when the thread that started it ends.
    """

    def __init__(
        self, name: str, words: list[str], ready: str, environment: Mapping[str, str], logs: Path
    ) -> None:
        self.name = name
        self.words = words
        self.ready = ready
        self.environment = environment
        self.log = logs / f"{name}.log"
        self._process: Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def launch(self) -> None:
        """Start it; ``wait()`` says when it is ready."""
        command = [sys.executable, "-P", "-m", *self.words]  # -P: the folder we stand in is no path
        self._process = child.start(command, self.log, env=self.environment)

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
        raise NotStarted(f"The {self.name} did not start; {last_words(self.log)}")

    def stop(self) -> None:
        """Let it finish what it does, then end it."""
        if self._process is not None:
            child.stop(self._process, (signal.SIGTERM, 10.0))
        self._process = None


def last_words(log: Path, lines: int = 15) -> str:
    """The end of *log*, and where to read the rest."""
    said = log.read_text(errors="replace").splitlines()[-lines:] if log.exists() else []
    return "\n".join([f"its last words, from {log}:", *said])
