"""The real command, as a process; each start takes seconds, so a test tells a longer story."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import httpx
import pytest
from processes import below, gone, outside, runs, soon

from pinakes.main.embedded.cluster import binary
from pinakes.main.embedded.ground import open_folder
from pinakes.main.embedded.postgres import Postgres

PINAKES = [str(Path(sys.executable).with_name("pinakes"))]


@pytest.fixture(scope="module")
def data() -> Iterator[Path]:
    with open_folder("pinakes-test-") as folder:
        yield folder


def pinakes(*words: str | Path) -> subprocess.CompletedProcess[str]:
    command = [*PINAKES, *map(str, words)]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=90, env=outside()
    )


class Up:
    """A ``pinakes up`` and what it has said so far."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.said = data / "said"
        with self.said.open("w") as out:
            self.process = subprocess.Popen(
                [*PINAKES, "up", "--data", str(data)], stdout=out, stderr=out, env=outside()
            )
        assert soon(self.ready, 120), self.said.read_text()

    def ready(self) -> bool:
        return self.process.poll() is not None or "is ready after" in self.said.read_text()

    def run(self) -> dict[str, Any]:
        told: dict[str, Any] = json.loads((self.data / "run.json").read_text())
        return told

    def end(self, sign: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to stop; answers its exit code."""
        self.process.send_signal(sign)
        return self.process.wait(60)


@pytest.fixture(scope="module")
def up(data: Path) -> Iterator[Up]:
    up = Up(data)
    yield up
    up.process.kill()
    up.process.wait()


def doctor(data: Path) -> tuple[int, dict[str, bool]]:
    done = pinakes("doctor", "--json", "--data", data)
    return done.returncode, {p["part"]: p["ok"] for p in json.loads(done.stdout)["parts"]}


def test_it_says_addresses_and_the_doctor_finds_every_part_well(up: Up) -> None:
    assert up.process.poll() is None, up.said.read_text()
    site = up.run()["settings"]["PINAKES_ADDRESS"]
    assert site in up.said.read_text()
    assert httpx.get(f"{site}/livez").status_code == 200
    parts = ["postgres", "objects", "issuer", "api", "worker"]
    assert doctor(up.data) == (0, dict.fromkeys(parts, True))


def test_the_doctor_tells_people_addresses_and_versions(up: Up) -> None:
    done = pinakes("doctor", "--data", up.data)
    assert done.returncode == 0
    assert "18.6" in done.stdout
    assert up.run()["settings"]["PINAKES_ISSUER"] in done.stdout
    parts = json.loads(pinakes("doctor", "--json", "--data", up.data).stdout)["parts"]
    said = {part["part"]: part["version"] for part in parts}
    assert "inner ports" in next(part["says"] for part in parts if part["part"] == "objects")
    assert (said["issuer"], said["api"], said["worker"]) == ("", *[version("pinakes")] * 2)


def test_what_other_commands_read_is_for_our_eyes_only(up: Up) -> None:
    for secret in ("run.json", "secrets.json", "objects/identities.json"):
        assert (up.data / secret).stat().st_mode & 0o777 == 0o600


def test_no_secret_stands_on_a_command_line(up: Up) -> None:
    secrets = {
        value.split("@")[0].rsplit(":", 1)[-1]
        for name, value in up.run()["settings"].items()
        if name not in {"PINAKES_ADDRESS", "PINAKES_ISSUER", "PINAKES_OBJECTS", "PINAKES_WORKER"}
        and not name.endswith("SEARCH")
    }
    lines = [Path(f"/proc/{pid}/cmdline").read_text() for pid in below(up.process.pid)]
    assert not [line for line in lines if any(secret in line for secret in secrets)]


def test_a_second_one_at_the_same_time_is_refused_and_told_whom_to_stop(up: Up) -> None:
    second = pinakes("up", "--data", up.data)
    assert second.returncode == 1
    assert f"process {up.process.pid}" in second.stderr
    assert doctor(up.data)[0] == 0


@pytest.mark.parametrize("part", ["worker", "issuer", "objects", "postgres"])
def test_a_part_that_dies_is_said_and_started_again(up: Up, part: str) -> None:
    pid = up.run()["parts"][part]
    os.kill(pid, signal.SIGKILL)
    assert soon(lambda: up.run()["parts"][part] != pid)
    assert f"{part} has ended" in up.said.read_text()
    assert soon(lambda: doctor(up.data)[0] == 0, 60)


def test_a_killed_one_leaves_no_orphan_and_the_next_finds_everything(up: Up) -> None:
    before, orphans = up.run(), below(up.process.pid)
    assert len(orphans) > 5
    up.process.kill()
    up.process.wait()
    assert [pid for pid in orphans if not gone(pid)] == []
    for command in (("doctor",), ("tenant", "list")):
        told = pinakes(*command, "--data", up.data)
        assert told.returncode == 1
        assert "has died" in told.stderr
        assert f"./pinakes up --data {up.data}" in told.stderr
    again = Up(up.data)
    assert again.run()["settings"] == before["settings"]
    children = below(again.process.pid)
    assert again.end(signal.SIGINT) == 0
    assert [pid for pid in children if runs(pid)] == []
    assert not (up.data / "run.json").exists()


def test_data_of_a_newer_version_are_left_alone(up: Up) -> None:
    up.end()
    with Postgres(up.data / "postgres") as postgres:
        ask(postgres, "UPDATE alembic_version SET version_num = '9999'")
    refused = pinakes("up", "--data", up.data)
    assert refused.returncode == 1
    assert "9999" in refused.stderr
    with Postgres(up.data / "postgres") as postgres:
        assert ask(postgres, "SELECT version_num FROM alembic_version") == "9999"


def ask(postgres: Postgres, script: str) -> str:
    command = [str(binary("psql")), "-XAtq", "-d", postgres.address("pinakes"), "-c", script]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def test_a_doctor_without_a_patient_says_what_to_do(tmp_path: Path) -> None:
    done = pinakes("doctor", "--data", tmp_path)
    assert done.returncode == 1
    assert "./pinakes up" in done.stderr


@pytest.mark.parametrize("folder", [".", "new"])
def test_a_taken_port_is_refused_before_anything_starts(tmp_path: Path, folder: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = pinakes("up", "--data", tmp_path / folder, "--port", str(taken.getsockname()[1]))
    assert done.returncode == 1
    assert "is taken" in done.stderr
    assert not (tmp_path / "postgres").exists()
    assert not (tmp_path / "new").exists()  # nothing is left of what did not start
