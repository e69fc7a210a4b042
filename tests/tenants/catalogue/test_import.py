"""A file comes in whole: every record counted, nothing lost, nothing doubled."""

from typing import Any

import pytest
from books import Import, book, file_of
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.platform.db import Database, unit_of_work
from pinakes.platform.directory import Tenant
from pinakes.platform.jobs import Job, JobState
from pinakes.platform.messages import Outbox
from pinakes.tenants.catalogue.models import CatalogueRecord
from pinakes.tenants.items.models import Item

pytestmark = pytest.mark.anyio


async def count(session: AsyncSession, table: Any) -> int:
    return await session.scalar(select(func.count()).select_from(table)) or 0


def counts(job: Job) -> tuple[int, ...]:
    assert job.state is JobState.DONE, job.failure
    assert job.report
    names = ("read", "new", "updated", "unchanged", "quarantined")
    return tuple(job.report[name] for name in names)


async def test_a_file_comes_in_and_a_second_time_changes_nothing(
    bring: Import, database: Database, library: Tenant
) -> None:
    file = file_of(*(book(str(n), f"书名{n}", items=[f"B{n}"]) for n in range(2500)))
    assert counts(await bring(file)) == (2500, 2500, 0, 0, 0)
    async with unit_of_work(database.app, library.id) as session:
        before = await count(session, Outbox)
    job = await bring(file)
    assert counts(job) == (2500, 0, 0, 2500, 0)
    assert job.report
    assert job.report["items"]["unchanged"] == 2500
    assert job.done == job.total == len(file)
    async with unit_of_work(database.app, library.id) as session:
        assert await count(session, CatalogueRecord) == await count(session, Item) == 2500
        assert await count(session, Outbox) == before, "nothing changed, so nothing is told"
