"""``pinakes up``: a whole federation on this machine, in the foreground, until Ctrl-C."""

import fcntl
import os
import signal
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

import click
from rich.console import Console

from pinakes.main import demo
from pinakes.main.embedded.child import NotStarted
from pinakes.main.embedded.ground import OPEN_TO_ALL, PRIVATE, unprivileged
from pinakes.main.embedded.house import House
from pinakes.main.embedded.ports import refuse_taken
from pinakes.main.embedded.watch import watch
from pinakes.platform.running import LOCK

ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Ended(BaseException):
    """Somebody asked us to stop."""


@click.command()
@click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    default=".pinakes",
    show_default=True,
    help="The folder that holds everything.",
)
@click.option("--demo", "sample", is_flag=True, help="Add a sample consortium to try things with.")
@click.option("--port", "web", type=int, help="Port of the site and the API; else a free one.")
@click.option("--issuer-port", "issuer", type=int, help="Port of the log-in.")
@click.option("--postgres-port", "postgres", type=int, help="Port of the database.")
@click.option("--objects-port", "objects", type=int, help="Port of the object store.")
def up(data: Path, sample: bool, **ports: int | None) -> None:
    """Run everything here: database, object store, log-in, API and worker."""
    console = Console(highlight=False, markup=False, soft_wrap=True)
    try:
        if not data.exists():
            refuse_taken(ports)
        with claimed(data.resolve()) as folder, endings():
            run(House(folder, ports), sample, console)
    except NotStarted as reason:
        raise click.ClickException(str(reason)) from None


def run(house: House, sample: bool, console: Console) -> None:
    """Start, look after, and stop everything."""
    begun = time.monotonic()
    try:
        with suppress(Ended):
            with console.status("Starting …"):
                house.start(lambda what, took: console.print(f"  {what:9} ready {took:5.1f} s"))
                accounts = seed(house) if sample else []
            console.print(welcome(house, accounts, time.monotonic() - begun))
            watch(house.parts, console.print, house.note)
    finally:
        console.print("Stopping …")
        house.stop()


def seed(house: House) -> list[str]:
    """Fill in the sample consortium; answers lines that say who may log in."""
    os.environ.update(house.settings())
    return demo.seed(house.data)


def welcome(house: House, accounts: list[str], took: float) -> str:
    """What runs where, and what to try next."""
    site, pinakes = house.address("web"), "./pinakes"
    data = "" if house.data == Path(".pinakes").resolve() else f" --data {house.data}"
    lines = [
        "",
        f"Pinakes is ready after {took:.1f} s.",
        f"  site and API  {site}",
        f"  API document  {site}/schema/openapi.json",
        f"  log-in        {house.address('issuer')}",
        f"  object store  {house.objects.endpoint}",
        f"  data          {house.data}",
    ]
    if house.postgres.place != house.postgres.folder:
        lines.append(f"  database in   {house.postgres.place} (it may not enter the data folder)")
    hint = f"  a sample consortium: stop this, then {pinakes} up --demo{data}"
    return "\n".join(
        [
            *lines,
            "",
            *(accounts or ["Try next:", hint]),
            f"  how it is doing: {pinakes} doctor{data}",
            "Ctrl-C stops everything.",
        ]
    )


@contextmanager
def claimed(data: Path) -> Generator[Path]:
    """*data*, made if it is missing, and nobody else's while we run."""
    try:
        if not data.exists():
            data.mkdir(parents=True, mode=PRIVATE if unprivileged() is None else OPEN_TO_ALL)
        lock = (data / LOCK).open("a+")
    except OSError as reason:
        raise NotStarted(f"{data}: {reason.strerror}. Choose another --data") from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.seek(0)
            pid = lock.read().strip()
            raise NotStarted(
                f"Pinakes runs already on {data}, as process {pid}. Stop it with: kill {pid}"
            ) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield data


@contextmanager
def endings() -> Generator[None]:
    """Every way to ask us to stop raises Ended; a hang-up counts unless nohup said otherwise."""

    def end(number: int, frame: FrameType | None) -> None:
        for ending in ENDINGS:  # stopping takes a while, and asking twice does not speed it up
            signal.signal(ending, signal.SIG_IGN)
        raise Ended

    for ending in ENDINGS:
        if ending is not signal.SIGHUP or signal.getsignal(ending) is not signal.SIG_IGN:
            signal.signal(ending, end)
    with suppress(Ended):
        yield
