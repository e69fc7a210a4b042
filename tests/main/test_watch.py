import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from processes import soon

from pinakes.main.embedded.ports import free_port
from pinakes.main.embedded.program import Program
from pinakes.main.embedded.watch import LONGEST, Watched, look


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Program]:
    """A small real server."""
    port = free_port()
    words = ["http.server", "--bind", "127.0.0.1", "--directory", str(tmp_path), str(port)]
    program = Program("pages", "http.server", words, f"http://127.0.0.1:{port}/", tmp_path / "log")
    program.environment = os.environ
    yield program
    program.stop()


def kill(program: Program) -> None:
    assert program.pid is not None
    os.kill(program.pid, signal.SIGKILL)
    assert soon(lambda: not program.alive())


def test_a_dead_part_is_said_once_and_started_again_after_a_pause(program: Program) -> None:
    said: list[str] = []
    program.launch()
    program.wait()
    watched = Watched(program, pause=0.2)
    assert not look(watched, said.append)
    kill(program)
    assert not look(watched, said.append)
    assert soon(lambda: look(watched, said.append))
    program.wait()
    assert said == ["pages has ended; it is started again in 0.2 s", "pages was started again"]


def test_a_part_that_ends_again_and_again_is_started_ever_more_slowly(program: Program) -> None:
    program.words = ["this", "cannot.start"]
    watched = Watched(program, pause=0.01)
    pauses: list[float] = []
    for _ in range(4):
        assert soon(lambda: look(watched, lambda _: None))
        pauses.append(watched.pause)
        assert soon(lambda: not program.alive())
    assert pauses == [0.02, 0.04, 0.08, 0.16]
    watched.pause = LONGEST
    assert soon(lambda: watched.again is not None or look(watched, lambda _: None))
    assert watched.pause == LONGEST


def test_a_part_that_lived_long_is_forgiven(program: Program) -> None:
    program.launch()
    watched = Watched(program, pause=LONGEST, since=-1e6)
    look(watched, lambda _: None)
    assert watched.pause < 1
