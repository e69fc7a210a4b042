"""An import outlives its worker: kill -9 at any point neither loses nor doubles a record."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

import pytest
from books import begin, book, file_of, look
from sqlalchemy import func, select, update

from pinakes.main.worker import CALM
from pinakes.platform.db import Database, public_work, unit_of_work
from pinakes.platform.directory import Tenant
from pinakes.platform.jobs import Job, JobDue, JobState
from pinakes.tenants.catalogue.models import CatalogueRecord, Quarantined
from pinakes.tenants.items.models import Item

pytestmark = pytest.mark.anyio

BOOKS, JUNK = 3000, 4


async def seen(database: Database, library: Tenant, id: UUID, enough: Callable[[Job], bool]) -> Job:
    """The job as soon as it has come far *enough*."""
    for _ in range(6000):
        job = await look(database, library, id)
        if enough(job):
            return job
        await asyncio.sleep(0.02)
    raise TimeoutError("the worker does not get on")


def read(job: Job) -> int:
    return int((job.report or {}).get("read", 0))


async def test_an_import_goes_on_after_its_worker_was_killed_three_times(
    database: Database, library: Tenant, environment: dict[str, str]
) -> None:
    long = "佚名" * 300  # the file is large enough to be read in a process of its own
    books = [book(str(n), f"书名{n}", author=long, items=[f"B{n}"]).as_marc() for n in range(BOOKS)]
    for place in range(JUNK):
        books.insert(place * 500 + 250, b"00099nam a2200000 a 4500rubbish\x1d")
    id = await begin(database, library, file_of(*books))
    points: list[Callable[[Job], bool]] = [
        lambda job: job.state is JobState.RUNNING,
        lambda job: read(job) >= 500,
        lambda job: read(job) >= 1500,
    ]
    for point in points:
        with worker(environment) as process:
            await seen(database, library, id, point)
            readers = children(process.pid)
            assert all(gives_way(pid) for pid in (process.pid, *readers))
            process.kill()
        await gone(readers)
        async with public_work(database.carrier) as session:  # as if the lease had ended
            await session.execute(update(JobDue).values(due_at=JobDue.created_at))
    with worker(environment) as process:
        job = await seen(database, library, id, lambda job: job.state is JobState.DONE)
        process.terminate()
    assert job.report
    assert job.attempt > len(points)
    assert (job.report["new"], job.report["quarantined"]) == (BOOKS, JUNK)
    assert job.report["items"]["new"] == BOOKS
    async with unit_of_work(database.app, library.id) as session:
        for table, count in ((CatalogueRecord, BOOKS), (Item, BOOKS), (Quarantined, JUNK)):
            assert await session.scalar(select(func.count()).select_from(table)) == count


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def gives_way(pid: int) -> bool:
    """Whoever stands at a desk goes first."""
    return os.getpriority(os.PRIO_PROCESS, pid) >= min(
        os.getpriority(os.PRIO_PROCESS, 0) + CALM, 19
    )


def alive(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


async def gone(pids: list[int]) -> None:
    """Nobody reads a file on when the worker is dead."""
    for _ in range(500):
        if not any(map(alive, pids)):
            return
        await asyncio.sleep(0.02)
    raise TimeoutError("a process outlived its worker")


@contextmanager
def worker(environment: dict[str, str]) -> Generator["subprocess.Popen[bytes]"]:
    """A worker; whatever becomes of the test, it does not stay."""
    command = [sys.executable, "-P", "-m", "pinakes.main.worker"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) as process:
        try:
            yield process
        except BaseException:
            process.kill()
            raise
