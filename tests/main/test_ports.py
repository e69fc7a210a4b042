"""Between the choice of a port and its use others may be faster."""

import os
import socket
import sys
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from pinakes.main.bench.serving import Process, kept
from pinakes.main.embedded.child import NotStarted, PortTaken
from pinakes.main.embedded.ground import open_folder
from pinakes.main.embedded.house import House
from pinakes.main.embedded.objects import ObjectStore
from pinakes.main.embedded.ports import OURS, TRIES, free_ports, kept_ports
from pinakes.main.embedded.program import Program


class Enough(Exception):
    """What comes next takes long, and is shown elsewhere."""


@pytest.fixture
def folder() -> Iterator[Path]:
    with open_folder("pinakes-test-") as folder:
        yield folder


@contextmanager
def taken(port: int) -> Generator[int]:
    """Somebody holds it, and does not answer."""
    with socket.socket() as thief:
        thief.bind(("127.0.0.1", port))
        yield thief.getsockname()[1]


def enough(what: str, took: float) -> None:
    raise Enough


def test_a_house_whose_port_was_taken_chooses_another(folder: Path) -> None:
    house = House(folder, {})
    try:
        with taken(house.ports["postgres"]) as lost, pytest.raises(Enough):
            house.start(enough)
        assert house.ports["postgres"] != lost
        assert house.postgres.alive()
    finally:
        house.stop()


def test_a_port_that_was_asked_for_is_not_replaced(folder: Path) -> None:
    [asked] = free_ports(None)
    house = House(folder, {"postgres": asked})
    with taken(asked), pytest.raises(NotStarted, match=f"Port {asked} for postgres is taken"):
        house.start(enough)
    assert not house.objects.alive()


def test_an_object_store_says_that_an_inner_port_was_taken(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with taken(0) as lost:

        def chosen(*words: Any) -> dict[str, int]:
            return kept_ports(*words) | {"filer.port": lost}

        monkeypatch.setattr("pinakes.main.embedded.objects.kept_ports", chosen)
        with pytest.raises(PortTaken):
            ObjectStore(folder).start()


def pages(port: int) -> Process:
    """A small real server."""
    command = [sys.executable, "-m", "http.server", "--bind", "127.0.0.1", str(port)]
    return Process(command, {**os.environ}, port, "/")


def test_a_program_says_that_its_port_was_taken(folder: Path) -> None:
    with taken(0) as port:
        words = ["http.server", "--bind", "127.0.0.1", str(port)]
        nobody = "http://127.0.0.1:9/"
        program = Program("pages", "http.server", words, nobody, folder / "log")
        program.environment = os.environ
        program.launch()
        with pytest.raises(PortTaken):
            program.wait()


@pytest.mark.parametrize("faster", [1, TRIES])
def test_a_server_of_a_bench_is_begun_anew_a_few_times(faster: int) -> None:
    tried: list[int] = []
    with taken(0) as lost:

        def made(port: int) -> Process:
            tried.append(port)
            return pages(port if len(tried) > faster else lost)

        if faster == TRIES:
            with pytest.raises(PortTaken), kept(made):
                pass
        else:
            with kept(made) as server:
                assert server.port == tried[-1]
    assert len(tried) == min(faster + 1, TRIES)


def test_ports_are_not_those_that_anybody_is_given() -> None:
    found = free_ports(*[None] * 200)
    assert len(set(found)) == 200
    assert set(found) <= set(OURS)
