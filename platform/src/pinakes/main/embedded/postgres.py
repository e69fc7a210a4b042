"""PostgreSQL from a wheel: a real server in a folder, without a system package."""

import fcntl
import os
import signal
import time
from collections.abc import Mapping
from pathlib import Path
from secrets import token_hex
from shutil import rmtree
from subprocess import Popen
from tempfile import mkdtemp
from types import TracebackType
from typing import IO, Self

from pinakes.main.embedded import child, secret
from pinakes.main.embedded.child import NotStarted, PortTaken, last_words, not_started
from pinakes.main.embedded.cluster import MAJOR, binary, make_cluster, psql
from pinakes.main.embedded.ground import OPEN_TO_ALL, enterable, give, unprivileged
from pinakes.main.embedded.ports import free_port

ROLES = (
    "pinakes",
    "pinakes_app",
    "pinakes_carrier",
    "pinakes_public",
    "pinakes_issuer",
    "pinakes_ledger",
)
SOCKET_PATH = 107  # bytes; the kernel's limit
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "random_page_cost": "1.1",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] %u ",
    "log_min_error_statement": "panic",  # statements and details quote people's data
    "log_error_verbosity": "terse",
}
ROLE = """
SELECT 'CREATE ROLE {role}' WHERE NOT EXISTS
    (SELECT FROM pg_roles WHERE rolname = '{role}')\\gexec
ALTER ROLE {role} LOGIN NOSUPERUSER NOBYPASSRLS NOINHERIT NOCREATEDB NOCREATEROLE
    PASSWORD '{password}';
"""
DATABASE = """
SELECT 'CREATE DATABASE pinakes OWNER pinakes' WHERE NOT EXISTS
    (SELECT FROM pg_database WHERE datname = 'pinakes')\\gexec
"""


class Postgres:
    """A PostgreSQL server whose files live in *folder*; ready when ``start()`` returns.

    Start it from the main thread: the server is told to stop when the thread that started it ends.
    """

    name = "postgres"

    def __init__(
        self, folder: Path, port: int | None = None, settings: Mapping[str, str] | None = None
    ) -> None:
        self.folder = folder
        self.port = port
        self.settings = {**SETTINGS, **(settings or {})}
        self.user = unprivileged()
        self.place = folder  # data and socket; elsewhere when the server may not enter *folder*
        self.socket = folder / "socket"
        self.passwords: dict[str, str] = {}
        self._process: Popen[bytes] | None = None
        self._lock: IO[str] | None = None
        self._furnished = False

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """The process id of the postmaster."""
        return self._running().pid

    @property
    def data(self) -> Path:
        """PostgreSQL's own data directory."""
        return self.place / "data"

    @property
    def log(self) -> Path:
        return self.folder / "postgres.log"

    def address(self, role: str, database: str = "pinakes") -> str:
        """Where *role* connects, password included."""
        return f"postgresql://{role}:{self.passwords[role]}@127.0.0.1:{self.port}/{database}"

    def alive(self) -> bool:
        """Whether the server that we started still runs."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Make the cluster if there is none, start it, and wait until it answers."""
        self._take_folder()
        try:
            self._prepare()
            port = self._launch()
            if not self._furnished:
                self._furnish(port)
        except BaseException:
            self.stop()
            raise

    launch = start  # other parts are of use before they are ready

    def stop(self) -> None:
        """End sessions, write everything down, stop."""
        if self._process is not None:
            child.stop(self._process, (signal.SIGINT, 30.0), (signal.SIGQUIT, 5.0))
        self._process = None
        if self.socket.parent != self.place:
            rmtree(self.socket, ignore_errors=True)
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def kill(self) -> None:
        """Pull the plug (kill -9), as a fault test does; ``start()`` recovers on the same port."""
        child.unplug(self._running())
        self.stop()

    def _running(self) -> Popen[bytes]:
        if self._process is None:
            raise NotStarted("PostgreSQL is not running")
        return self._process

    def _furnish(self, port: int) -> None:
        roles = [ROLE.format(role=role, password=self.passwords[role]) for role in ROLES]
        psql(port, self.passwords["postgres"], "".join(roles) + DATABASE)
        self._furnished = True  # roles and passwords outlive a restart

    def _take_folder(self) -> None:
        if self._lock is not None:
            raise NotStarted(f"PostgreSQL runs already on {self.folder}")
        self.folder.mkdir(parents=True, exist_ok=True)
        if self.user is not None:
            self.folder.chmod(OPEN_TO_ALL)
        lock = (self.folder / "lock").open("a")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.close()
            raise NotStarted(f"another process runs PostgreSQL on {self.folder}") from None
        self._lock = lock

    def _prepare(self) -> None:
        self.place = enterable(self.folder, self.user)
        _end_leftover(self.data)
        self.passwords = secret.once(self.folder / "passwords.json", _passwords)
        if not self.data.exists():
            make_cluster(self.data, self.passwords["postgres"], self.user)
        made_by = (self.data / "PG_VERSION").read_text().strip()
        if made_by != MAJOR:
            raise NotStarted(f"{self.data} is of PostgreSQL {made_by}, this is {MAJOR}")
        self.socket = self.place / "socket"
        if len(os.fsencode(self.socket)) + len("/.s.PGSQL.65535") > SOCKET_PATH:
            self.socket = Path(mkdtemp(prefix="pinakes-"))
        self.socket.mkdir(exist_ok=True)
        give(self.socket, self.user)

    def _launch(self, tries: int = 20) -> int:
        port = self.port or free_port()
        options = {**self.settings, "port": port, "unix_socket_directories": self.socket}
        words = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
        self._process = child.start(
            [binary("postgres", self.user), "-D", self.data, *words],
            self.log,
            farewell=signal.SIGINT,
            user=self.user,
        )
        if self._ready():
            self.port = port
            return port
        failed = not_started(f"PostgreSQL did not start; {last_words(self.log)}")
        if tries == 1 or (self.port and isinstance(failed, PortTaken)):
            raise failed
        time.sleep(0.3)  # somebody took the port, or backends of a killed server still end
        return self._launch(tries - 1)

    def _ready(self) -> bool:
        sign = self.data / "postmaster.pid"
        while self.alive():
            try:
                lines = sign.read_text().splitlines()
            except FileNotFoundError:  # not yet, or no more: a killed one's backends tidy up
                lines = []
            if lines and lines[0] == str(self.pid) and lines[-1].strip() == "ready":
                return True
            time.sleep(0.02)
        return False


def _passwords() -> dict[str, str]:
    return {role: token_hex(24) for role in ("postgres", *ROLES)}


def _end_leftover(data: Path, patience: float = 30.0) -> None:
    """Stop the postmaster that a crashed predecessor left on *data*, and no other process."""
    sign = data / "postmaster.pid"
    if not sign.exists():
        return
    pid = int(sign.read_text().split("\n", 1)[0])
    ends = time.monotonic() + patience
    while _works_in(pid, data):
        os.kill(pid, signal.SIGINT if time.monotonic() < ends else signal.SIGQUIT)
        time.sleep(0.1)


def _works_in(pid: int, data: Path) -> bool:
    try:
        return Path(f"/proc/{pid}/cwd").samefile(data)
    except OSError:
        return False
