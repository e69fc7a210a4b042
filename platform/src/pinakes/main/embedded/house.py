"""All parts of Pinakes on one machine: who is told what, and in which order they come."""

import os
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from secrets import token_hex
from typing import Any

from pinakes.main.embedded import secret
from pinakes.main.embedded.child import NotStarted, PortTaken
from pinakes.main.embedded.ground import PRIVATE
from pinakes.main.embedded.objects import ObjectStore
from pinakes.main.embedded.ports import anew, kept_ports
from pinakes.main.embedded.postgres import Postgres
from pinakes.main.embedded.program import Program
from pinakes.main.embedded.watch import Part
from pinakes.platform import running

type Tell = Callable[[str, float], None]  # what is ready, and after how many seconds

PORTS = ("web", "issuer", "worker", "postgres")


class House:
    """Everything that ``pinakes up`` runs on the folder *data*."""

    def __init__(self, data: Path, given: Mapping[str, int | None]) -> None:
        self.data = data
        self.given = given
        for folder in ("log", "objects", "search"):
            (data / folder).mkdir(mode=PRIVATE, exist_ok=True)
        self._settle()

    def _settle(self) -> None:
        """Give every part its place: a port as given, as last time, or any that is free."""
        data, given = self.data, self.given
        self.ports = kept_ports(data / "ports.json", PORTS, {n: given.get(n) for n in PORTS})
        self.postgres = Postgres(data / "postgres", self.ports["postgres"])
        self.objects = ObjectStore(data / "objects", given.get("objects"))
        self.programs = self._programs()

    @property
    def parts(self) -> list[Part]:
        """In the order of their starting; they stop the other way round."""
        return [self.objects, self.postgres, *self.programs]

    def address(self, part: str) -> str:
        return f"http://127.0.0.1:{self.ports[part]}"

    def start(self, tell: Tell) -> None:
        """Start everything; when somebody is faster to take one of our ports, with others."""

        def attempt() -> None:
            try:
                self._start(tell)
            except PortTaken:
                self.stop()
                self._settle()
                raise

        anew(attempt)

    def _start(self, tell: Tell) -> None:
        """Start everything, side by side where one does not need the other."""
        self.objects.launch()
        with timed(tell, "postgres"):
            self.postgres.start()
        for program in self.programs:
            program.environment = self._environment(program.name)
            program.load()
        with timed(tell, "tables"):
            migrate(self.postgres.address("pinakes"))
            make_ledger_key(self.data / "ledger.key")
        for program in self.programs:
            program.release()
        with timed(tell, "objects"):
            self.objects.wait()
        for program in self.programs:
            with timed(tell, program.name):
                program.wait()
        self.note()

    def stop(self) -> None:
        """Stop whatever runs, and tell other commands that nothing does."""
        (self.data / running.FILE).unlink(missing_ok=True)
        for part in reversed(self.parts):
            part.stop()

    def settings(self) -> dict[str, str]:
        """What other processes need to know, as environment variables."""
        kept = secret.once(self.data / "secrets.json", _secrets)
        return {
            "PINAKES_DATABASE": self.postgres.address("pinakes_app"),
            "PINAKES_CARRIER": self.postgres.address("pinakes_carrier"),
            "PINAKES_PUBLIC": self.postgres.address("pinakes_public"),
            "PINAKES_ISSUER": self.address("issuer"),
            "PINAKES_ISSUER_SECRET": kept["issuer"],
            "PINAKES_OBJECTS": self.objects.endpoint,
            "PINAKES_OBJECTS_KEY": self.objects.key,
            "PINAKES_OBJECTS_SECRET": self.objects.secret,
            "PINAKES_ADDRESS": self.address("web"),
            "PINAKES_WORKER": self.address("worker"),
            "PINAKES_SEARCH": str(self.data / "search"),
            "PINAKES_SECRET": kept["cookies"],
        }

    def ledger(self) -> dict[str, str]:
        """What it takes to add to the ledger: the worker is told, the API is not."""
        return {
            "PINAKES_LEDGER": self.postgres.address("pinakes_ledger"),
            "PINAKES_LEDGER_KEY": str(self.data / "ledger.key"),
        }

    def note(self) -> None:
        """Write ``run.json``, by which other commands find us."""
        told = {
            "version": version("pinakes"),
            "pid": os.getpid(),
            "started": datetime.now(UTC).isoformat(timespec="seconds"),
            "parts": {part.name: part.pid for part in self.parts},
            "settings": {
                **self.settings(),
                **self.ledger(),
                "PINAKES_OWNER": self.postgres.address("pinakes"),
            },
        }
        secret.write(self.data / running.FILE, told)

    def _environment(self, program: str) -> dict[str, str]:
        """What *program* is told; only the issuer gets into the issuer's tables."""
        issuer = {
            "PINAKES_ISSUER_DATABASE": self.postgres.address("pinakes_issuer"),
            "PINAKES_ISSUER_PORT": str(self.ports["issuer"]),
        }
        own = {"issuer": issuer, "worker": self.ledger()}
        return {**os.environ, **self.settings(), **own.get(program, {})}

    def _programs(self) -> list[Program]:
        features, well_known = "pinakes.main.features", "realms/readers/.well-known"
        serve = ["uvicorn", "pinakes.main.asgi:app", "--port", str(self.ports["web"])]
        quietly = ["--no-access-log", "--timeout-graceful-shutdown", "5"]
        ready = {
            "issuer": f"{self.address('issuer')}/{well_known}/openid-configuration",
            "worker": f"{self.address('worker')}/livez",
            "api": f"{self.address('web')}/readyz",
        }
        words = {
            "issuer": ("pinakes.main.embedded.issuer.app", ["pinakes.main.embedded.issuer"]),
            "worker": (features, ["pinakes.main.worker"]),
            "api": ("pinakes.main.app", [*serve, *quietly]),
        }
        return [
            Program(name, *words[name], ready[name], self.data / "log" / f"{name}.log")
            for name in ready
        ]


def migrate(owner: str) -> None:
    """Bring the tables to this version, unless a newer one made them."""
    from pinakes.main.migrations import run  # noqa: PLC0415 - slow

    try:
        run.migrate(owner)
    except run.NewerData as reason:
        raise NotStarted(str(reason)) from None


def make_ledger_key(file: Path) -> None:
    """The first time, before the worker begins the log with it."""
    from pinakes.federation.ledger.keys import make_once  # noqa: PLC0415 - slow

    make_once(file)


@contextmanager
def timed(tell: Tell, what: str) -> Generator[None]:
    """Tell how long *what* took, when it is done."""
    begun = time.monotonic()
    yield
    tell(what, time.monotonic() - begun)


def _secrets() -> dict[str, Any]:
    return {"issuer": token_hex(32), "cookies": token_hex(32)}
