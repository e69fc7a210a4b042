"""What makes a committed change visible within two seconds; `pinakes bench search` measures it."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from time import sleep
from uuid import UUID, uuid4

import httpx
import pytest
from conftest import MakeTenant
from finding import STONE, hold, settle
from lending import deliver
from litestar import Litestar
from mint import Mint
from msgspec.structs import replace
from sqlalchemy import select

from pinakes.federation.discovery import index as reading
from pinakes.federation.discovery import indexing
from pinakes.federation.discovery.document import Document
from pinakes.federation.discovery.index import GLANCE, Index
from pinakes.federation.discovery.indexing import MANY, PATIENCE, PAUSE, Indexer
from pinakes.federation.discovery.query import Branch, Query
from pinakes.main.worker import SWEEP
from pinakes.platform.config import Settings
from pinakes.platform.db import Database, unit_of_work, uuid7
from pinakes.platform.directory import Tenant
from pinakes.platform.jobs import Run
from pinakes.platform.wake import listening
from pinakes.tenants.catalogue.models import CatalogueRecord

pytestmark = pytest.mark.anyio

PROMISED = 2.0  # seconds
NEVER = 1e6  # seconds: whoever rests so long does not come back
HANGS = 60.0


class Clock:
    """Time that passes when it is told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_all_rests_together_are_shorter_than_what_is_promised() -> None:
    many_changes = PAUSE + PATIENCE + GLANCE
    few_and_a_lost_wake_up = SWEEP + PAUSE + GLANCE
    assert max(many_changes, few_and_a_lost_wake_up) < PROMISED


@pytest.fixture
async def record(database: Database, tenant: Tenant) -> UUID:
    await hold(database, tenant, replace(STONE, title="新鲜", isbn=()))
    async with unit_of_work(database.app, tenant.id) as session:
        return (await session.scalars(select(CatalogueRecord.id))).one()


async def test_a_change_over_http_wakes_the_worker_and_a_look_does_not(
    app: Litestar,
    client: httpx.AsyncClient,
    mint: Mint,
    tenant: Tenant,
    record: UUID,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    woken: list[None] = []
    monkeypatch.setattr(app.state.waker, "wake", lambda: woken.append(None))
    address = f"/v1/b/{tenant.code}/catalogue/records/{record}"
    headers = mint.staff(f"cataloguer@{tenant.code}")
    assert (await client.get(address, headers=headers)).status_code == 200
    assert woken == []
    hidden = await client.put(f"{address}/suppressed", json={"suppressed": True}, headers=headers)
    assert (hidden.status_code, len(woken)) == (200, 1)


async def test_each_portion_of_a_job_wakes_the_worker_behind_its_commit(
    database: Database, settings: Settings, tenant: Tenant
) -> None:
    heard: list[None] = []
    run = Run(database, tenant.id, uuid7(), 1, "test", {}, {})
    address = settings.carrier.get_secret_value()
    async with listening(address, lambda: heard.append(None)) as connection:
        async with run.work():
            before = len(heard)
        for _ in range(1000):
            await connection.execute("SELECT")  # what was told comes with the answer
            if len(heard) > before:
                break
    assert len(heard) > before


async def test_few_changes_are_shown_at_once(
    database: Database,
    settings: Settings,
    make_tenant: MakeTenant,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await settle(database, settings.search)  # what other tests have left
    branch = await make_tenant()
    await hold(database, branch, replace(STONE, title="立刻可见", isbn=()))
    await deliver(database)
    monkeypatch.setattr(indexing, "PAUSE", NEVER)
    indexer = Indexer(Index(settings.search), database)
    assert await asyncio.wait_for(indexer.round(), HANGS)
    indexer.close()
    found = Index(settings.search).search(Query(within=Branch(branch.id), text="立刻可见"))
    assert found.total == 1


class Flood(Indexer):
    """Changes that never end, each batch after a while."""

    def __init__(self, database: Database, folder: Path, clock: Clock) -> None:
        super().__init__(Index(folder), database)
        self.clock, self.commits = clock, list[float]()

    async def write_some(self, seen: Mapping[UUID, int]) -> dict[UUID, int]:
        self.clock.now += PATIENCE / 4
        return {uuid4(): 1 for _ in range(MANY)}

    def commit(self) -> None:
        self.commits.append(self.clock.now)


async def test_changes_that_never_end_are_shown_when_patience_does(
    database: Database, tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexing, "monotonic", clock)
    flood = Flood(database, tmp_path, clock)
    assert await asyncio.wait_for(flood.catch_up(), HANGS) == 4 * MANY
    assert flood.commits == [PATIENCE]


async def test_the_writer_rests_only_when_nothing_was_to_do(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexing, "PAUSE", NEVER)
    rounds, idle = iter([True, True, False]), asyncio.Event()

    class Busy(Indexer):
        async def round(self) -> bool:
            if not (more := next(rounds)):
                idle.set()
            return more

    writing = asyncio.create_task(indexing.write_for_ever(Busy(Index(tmp_path), database)))
    await asyncio.wait_for(idle.wait(), HANGS)
    writing.cancel()
    await asyncio.gather(writing, return_exceptions=True)


def test_a_reader_looks_for_a_newer_commit_after_a_glance(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "monotonic", clock)
    writer, reader, asked = Index(tmp_path), Index(tmp_path), Query(within=Branch(1))
    for number, total in ((1, 1), (2, 2)):
        book = Document(id=UUID(int=number), title="书", consortium=7, branches=(1,), added=1)
        writer.replace([book])
        writer.commit()
        clock.now += 1.01 * GLANCE
        assert reader.search(asked).total == total
        sleep(0.02)  # the file system's clock ticks more slowly than ours
    writer.close()
