"""A process that imports everything once and then lives many short lives, each in a fork.

``python -m pinakes.main.torture.nest api|worker PORT``: a life a line, as JSON; answers the pid
when it begins and, when it has ended, its exit code (below zero: the signal that it died of).
One that halts at its place says so before, and goes on when it is told to (SIGCONT).
"""

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from random import Random

import msgspec
from msgspec import Struct
from sqlalchemy.orm import configure_mappers

from pinakes.main.embedded.child import bound_to
from pinakes.main.torture import mischief, places

KILLED = str(-signal.SIGKILL)
HALTED = "halted"


class Life(Struct):
    """Where it ends, at which passing; without a place it goes on until it is killed."""

    place: str = ""
    nth: int = 1
    seed: int = 0
    halts: bool = False  # it stands still there, so that something else can die just then


def main(role: str, port: int) -> None:
    begin = prepare(role, port)
    parent = os.getpid()
    for line in sys.stdin.buffer:
        life = msgspec.json.decode(line, type=Life)
        if child := os.fork():
            say(str(child))
            while os.WIFSTOPPED(status := os.waitpid(child, os.WUNTRACED)[1]):
                say(HALTED)
            say(str(os.waitstatus_to_exitcode(status)))
        else:
            bound_to(parent, signal.SIGKILL)()
            live(role, life, begin)


def say(word: str) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


def prepare(role: str, port: int) -> Callable[[], object]:
    """Import and make ready all that a life needs; what is answered begins one."""
    if role == "api":
        from uvicorn import Config, Server  # noqa: PLC0415  (what a worker does without)

        from pinakes.main.asgi import app  # noqa: PLC0415

        config = Config(app, host="127.0.0.1", port=port, access_log=False)
        config.load()
        configure_mappers()
        return lambda: Server(config).run()
    from pinakes.main import worker  # noqa: PLC0415

    configure_mappers()
    return lambda: asyncio.run(worker.main())


def live(role: str, life: Life, begin: Callable[[], object]) -> None:
    """One life; it does not return."""
    if life.place:
        worker = places.WORKER | places.RARE | places.IMPORT
        table = places.API if role == "api" else worker
        ending = signal.SIGSTOP if life.halts else signal.SIGKILL
        places.arm(table[life.place], life.nth, ending)
    if role == "worker":
        mischief.hurry()
        if life.place:
            mischief.play(Random(life.seed))  # noqa: S311  (a dice, no secret)
    begin()
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
