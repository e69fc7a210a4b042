import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from shutil import rmtree
from typing import Any

import asyncpg
import pytest
from processes import gone

from pinakes.main.embedded.child import NotStarted
from pinakes.main.embedded.ground import open_folder
from pinakes.main.embedded.postgres import ROLES, Postgres

ROOT = os.getuid() == 0
OWNER_THAT_CRASHES = """
import os, sys
from pathlib import Path
from pinakes.main.embedded.postgres import Postgres
postgres = Postgres(Path(sys.argv[1]))
postgres.start()
print(postgres.pid, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    with open_folder("pinakes-test-") as folder:
        yield folder


@pytest.fixture(scope="module")
def running() -> Iterator[Postgres]:
    """A server for whoever only looks at it."""
    with open_folder("pinakes-test-") as folder, Postgres(folder) as postgres:
        yield postgres


def ask(postgres: Postgres, role: str, question: str) -> Any:
    async def go() -> Any:
        connection = await asyncpg.connect(postgres.address(role))
        try:
            return await connection.fetchval(question)
        finally:
            await connection.close()

    return asyncio.run(go())


def crashing_owner(folder: Path) -> tuple[subprocess.Popen[str], int]:
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER_THAT_CRASHES, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert owner.stdout
    return owner, int(owner.stdout.readline())


def crash(owner: subprocess.Popen[str]) -> None:
    with owner:
        owner.kill()


def test_every_role_gets_in_and_none_is_above_the_policies(running: Postgres) -> None:
    for role in ROLES:
        above = "SELECT rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR rolinherit"
        assert ask(running, role, f"{above} FROM pg_roles WHERE rolname = '{role}'") is False
    assert ask(running, "pinakes_app", "SHOW synchronous_commit") == "on"
    assert ask(running, "pinakes_app", "SHOW fsync") == "on"
    assert ask(running, "pinakes_app", "SHOW listen_addresses") == "127.0.0.1"


def test_only_the_owner_may_make_tables(running: Postgres) -> None:
    ask(running, "pinakes", "CREATE TABLE book ()")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        ask(running, "pinakes_app", "CREATE TABLE loan ()")


def test_a_wrong_password_is_refused(running: Postgres, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(running.passwords, "pinakes_app", "guessed")
    with pytest.raises(asyncpg.InvalidPasswordError):
        ask(running, "pinakes_app", "SELECT 1")


def test_passwords_are_for_our_eyes_only(running: Postgres) -> None:
    assert (running.folder / "passwords.json").stat().st_mode & 0o777 == 0o600


def test_a_second_start_finds_everything_again(folder: Path) -> None:
    with Postgres(folder) as postgres:
        ask(postgres, "pinakes", "CREATE TABLE book AS SELECT 1 AS id")
        address = postgres.address("pinakes")
    with Postgres(folder, port=postgres.port) as again:
        assert ask(again, "pinakes", "SELECT count(*) FROM book") == 1
        assert again.address("pinakes") == address


def test_a_killed_server_recovers_on_its_port(folder: Path) -> None:
    with Postgres(folder) as postgres:
        ask(postgres, "pinakes", "CREATE TABLE book AS SELECT 1 AS id")
        port = postgres.port
        postgres.kill()
        assert not postgres.alive()
        postgres.start()
        assert (postgres.port, ask(postgres, "pinakes", "SELECT count(*) FROM book")) == (port, 1)


def test_settings_of_the_caller_win(folder: Path) -> None:
    with Postgres(folder, settings={"max_connections": "17"}) as postgres:
        assert ask(postgres, "pinakes", "SHOW max_connections") == "17"


def test_text_sorts_and_folds_the_same_on_every_machine(running: Postgres) -> None:
    assert ask(running, "pinakes", "SELECT lower('ÉCOLE')") == "école"
    assert ask(running, "pinakes", "SHOW server_encoding") == "UTF8"


def test_a_folder_serves_one_owner_at_a_time(running: Postgres) -> None:
    with pytest.raises(NotStarted, match="another process"):
        Postgres(running.folder).start()


def test_a_server_ends_when_its_owner_is_killed(folder: Path) -> None:
    owner, postmaster = crashing_owner(folder)
    crash(owner)
    assert gone(postmaster)


def test_a_leftover_server_is_ended_and_replaced(folder: Path) -> None:
    owner, postmaster = crashing_owner(folder)
    os.kill(postmaster, signal.SIGSTOP)  # it cannot hear that its owner dies
    crash(owner)
    os.kill(postmaster, signal.SIGCONT)
    with Postgres(folder) as postgres:
        assert postgres.pid != postmaster
        assert gone(postmaster, 0.1)


def test_a_stale_pid_file_harms_no_stranger(folder: Path) -> None:
    with Postgres(folder) as postgres:
        postgres.kill()
        with subprocess.Popen(["sleep", "60"]) as stranger:
            sign = postgres.data / "postmaster.pid"
            lines = sign.read_text().splitlines()
            sign.write_text("\n".join([str(stranger.pid), *lines[1:]]))
            postgres.start()
            assert stranger.poll() is None
            stranger.kill()


def test_a_long_path_gets_its_socket_elsewhere(folder: Path) -> None:
    with Postgres(folder / ("long" * 30)) as postgres:
        assert len(bytes(postgres.socket)) < 90
        assert list(postgres.socket.glob(".s.PGSQL.*"))
    assert not postgres.socket.exists()


def test_a_cluster_of_another_version_is_refused(folder: Path) -> None:
    with Postgres(folder) as postgres:
        pass
    (postgres.data / "PG_VERSION").write_text("17\n")
    with pytest.raises(NotStarted, match="PostgreSQL 17"):
        postgres.start()


@pytest.mark.skipif(not ROOT, reason="only root runs the server as somebody else")
def test_a_private_home_sends_the_data_where_the_server_can_enter(folder: Path) -> None:
    folder.chmod(0o700)
    with Postgres(folder / "private") as postgres:
        assert not postgres.place.is_relative_to(folder)
        assert ask(postgres, "pinakes", "SELECT 1") == 1
    with Postgres(folder / "private") as again:
        assert again.place == postgres.place
    rmtree(postgres.place)


def test_what_a_bench_stands_on_is_wholly_in_its_folder() -> None:
    with open_folder("pinakes-test-") as folder:
        postgres = Postgres(folder / "postgres")
        with postgres:
            assert postgres.place == folder / "postgres"
        left = folder
    assert not left.exists()
