"""One import seen from outside: how long until everything can be found, and what it took."""

import asyncio
import time
from dataclasses import dataclass
from os import SEEK_END
from pathlib import Path
from uuid import UUID

import asyncpg

from pinakes.main.bench import cpu
from pinakes.main.bench.serving import Process
from pinakes.main.embedded.postgres import Postgres
from pinakes.platform.config import Settings
from pinakes.platform.db import Database, unit_of_work
from pinakes.platform.jobs import OPEN, Job, JobState, found
from pinakes.platform.objects import objects_of
from pinakes.platform.wake import WAKE
from pinakes.tenants.catalogue import service
from pinakes.tenants.catalogue.schemas import ImportWish
from pinakes.tenants.registry import placement

LOOK = 0.25  # seconds between two looks
WEIGH = 1.0  # seconds between two looks at the memory, which cost more
TENANT = """
    INSERT INTO commons.tenant (id, consortium_id, code, kind, parent_id, path, name_zh, name_en,
                                state, zone, version)
    VALUES ($1, 1, $2, 'county', 1, ARRAY[1, $1], '新馆', 'Arriving', 'active', 'Asia/Shanghai', $1)
"""
UNSEEN = """
    SELECT (SELECT count(*) FROM outbox WHERE state <> 'sent')
         + (SELECT count(*) FROM commons.edition_changed)
"""
NO_SEARCH = """
    UPDATE job_due d SET due_at = d.due_at + interval '1 day'
    FROM job j WHERE (j.tenant_id, j.id) = (d.tenant_id, d.id) AND j.kind = 'catalogue.duplicates'
"""  # work of its own, which would begin a minute later, in the middle of something else


class ImportFailed(RuntimeError):
    """The job ended in another way than it should."""


@dataclass(frozen=True)
class Brought:
    """What one import took. *held*: records read so far, and MB of worker and reader then."""

    records: int
    seconds: float
    cpu: dict[str, float]
    held: list[tuple[int, float]]

    @property
    def rate(self) -> float:
        return self.records / self.seconds


async def moved_in(postgres: Postgres, settings: Settings, tenant: int) -> None:
    """An empty branch with a bucket."""
    code = f"arriving-{tenant}"
    strong = await asyncpg.connect(postgres.address("postgres"))
    await strong.execute(TENANT, tenant, code)
    await strong.close()
    mine = placement.first_placement(code)
    await objects_of(settings).make_bucket(mine)
    async with Database.open(settings) as database, unit_of_work(database.app, tenant) as session:
        await placement.place(session, mine)


class Branch:
    """A branch that imports, beside its worker."""

    def __init__(
        self, settings: Settings, postgres: Postgres, worker: Process, tenant: int
    ) -> None:
        self.settings = settings
        self.postgres = postgres
        self.worker = worker
        self.tenant = tenant
        self.read = 0

    async def bring(self, path: Path) -> Brought:
        """From the wish to the moment when every record can be found."""
        async with Database.open(self.settings) as database:
            upload = await self.send(database, path)
            strong = await asyncpg.connect(self.postgres.address("postgres"))
            try:
                return await self.watched(database, strong, upload)
            finally:
                await strong.close()

    async def send(self, database: Database, path: Path) -> UUID:
        async with unit_of_work(database.app, self.tenant) as session:
            files = await placement.store(session, objects_of(self.settings))
            with path.open("rb") as file:
                size = file.seek(0, SEEK_END)
                file.seek(0)
                id = await service.uploaded(session, path.name, size)
                await files.put(service.key_of_upload(id), file)
        return id

    async def watched(
        self, database: Database, strong: "asyncpg.Connection", upload: UUID
    ) -> Brought:
        """Look again and again until the job has ended and nothing is unseen."""
        before, began = self.scales(), time.monotonic()
        async with unit_of_work(database.app, self.tenant) as session:
            id = (await service.start_import(session, ImportWish(upload=upload))).id
        await strong.execute(WAKE)  # as the API does
        held: list[tuple[int, float]] = []
        job, reader = await self.look(database, id), 0.0
        while job.state in OPEN or await strong.fetchval(UNSEEN):
            await asyncio.sleep(LOOK)
            job = await self.look(database, id)
            self.read = (job.report or {}).get("read", 0)
            if time.monotonic() - began > len(held) * WEIGH:
                _, *readers = self.processes()
                reader = max(reader, sum(map(cpu.ticks, readers)) * cpu.TICK)
                held.append((self.read, self.held()))
        seconds = time.monotonic() - began
        await strong.execute(NO_SEARCH)
        if job.state is not JobState.DONE:
            raise ImportFailed(job.failure or job.state)
        spent = {part: now - before[part] for part, now in self.scales().items()}
        spent |= {"worker": spent["worker"] - reader, "reader": reader}
        return Brought(self.read, seconds, spent, held)

    def processes(self) -> list[int]:
        """The worker, and who reads for it."""
        return cpu.tree(self.worker.pid)

    def held(self) -> float:
        """MB of the worker and who reads for it."""
        return sum(megabytes(pid, self.settings.search) for pid in self.processes())

    def scales(self) -> dict[str, float]:
        """Processor time so far."""
        worker = self.processes()[0]
        return {"worker": cpu.spent(worker), "postgres": cpu.spent(self.postgres.pid)}

    async def look(self, database: Database, id: UUID) -> Job:
        async with unit_of_work(database.app, self.tenant) as session:
            return await found(session, id)


def megabytes(pid: int, search: Path) -> float:
    """What a process holds, its share of what it holds with others.

    The pages of the index's files that it has looked at are not counted: they may be dropped.
    """
    try:
        lines = Path(f"/proc/{pid}/smaps").read_text().splitlines()
    except OSError:
        return 0.0
    size, counts = 0, True
    for line in lines:
        if line.startswith("Pss:"):
            size += int(line.split()[1]) if counts else 0
        elif "-" in line.split(" ", 1)[0]:
            counts = str(search) not in line
    return size / 1024
