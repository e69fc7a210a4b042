import asyncio
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from pinakes.main.embedded.child import NotStarted
from pinakes.main.embedded.ground import open_folder
from pinakes.main.embedded.objects import ObjectStore
from pinakes.platform.objects import Keys, Objects
from pinakes.platform.placement import Placement

BRANCH = Placement("branch-of-the-test")


@pytest.fixture
def folder() -> Iterator[Path]:
    with open_folder("pinakes-test-") as folder:
        yield folder


@pytest.fixture(scope="module")
def running() -> Iterator[ObjectStore]:
    """A store with one object, for whoever only looks at it."""
    with open_folder("pinakes-test-") as folder, ObjectStore(folder) as server:
        asyncio.run(put(server))
        yield server


def objects(server: ObjectStore) -> Objects:
    return Objects(server.endpoint, Keys(server.key, server.secret))


async def put(server: ObjectStore) -> None:
    await objects(server).make_bucket(BRANCH)
    await objects(server).store(BRANCH).put("book", b"kept")


def got(server: ObjectStore) -> bytes:
    return asyncio.run(objects(server).store(BRANCH).get("book"))


def test_a_second_start_finds_everything_at_the_same_address(folder: Path) -> None:
    with ObjectStore(folder) as server:
        asyncio.run(put(server))
        address = server.endpoint
    with ObjectStore(folder) as again:
        assert (again.endpoint, got(again)) == (address, b"kept")


def test_an_acknowledged_object_outlives_a_killed_store(folder: Path) -> None:
    with ObjectStore(folder) as server:
        asyncio.run(put(server))
        server.kill()
        server.start()
        assert got(server) == b"kept"


def test_nobody_gets_in_without_a_key(running: ObjectStore) -> None:
    assert httpx.get(f"{running.endpoint}/{BRANCH.bucket}/book").status_code == 403
    assert (running.folder / "identities.json").stat().st_mode & 0o777 == 0o600


def test_its_inner_ports_give_no_file_and_take_none(running: ObjectStore) -> None:
    filer = f"http://127.0.0.1:{running.ports['filer.port']}/buckets/{BRANCH.bucket}"
    assert httpx.get(f"{filer}/book").status_code == 401
    assert httpx.get(f"{filer}/").status_code == 401
    assert httpx.put(f"{filer}/other", content=b"slipped in").status_code == 401
    volume = f"http://127.0.0.1:{running.ports['volume.port']}"
    assert httpx.get(f"{volume}/1,01637037d6").status_code == 401


def test_it_listens_on_loopback_only(running: ObjectStore) -> None:
    listening = Path(f"/proc/{running.pid}/net/tcp").read_text().splitlines()[1:]
    ports = {f"{port:04X}" for port in running.ports.values()}
    addresses = {line.split()[1] for line in listening if line.split()[3] == "0A"}
    ours = {address.split(":")[0] for address in addresses if address.split(":")[1] in ports}
    assert ours == {"0100007F"}


def test_a_taken_port_is_said(running: ObjectStore, folder: Path) -> None:
    with pytest.raises(NotStarted, match="is taken"):
        ObjectStore(folder, port=int(running.endpoint.rsplit(":", 1)[1])).start()
