"""Damaged records go through a whole import: each a row or set aside, and none comes twice."""

from random import Random
from uuid import UUID

import pytest
from books import Import
from marcs import iso
from mutants import REAL, damaged, real
from sqlalchemy import func, select

from pinakes.main.demo.marc import records
from pinakes.platform.db import Database, unit_of_work
from pinakes.platform.directory import Tenant
from pinakes.platform.jobs import JobState
from pinakes.tenants.catalogue.models import Authority, CatalogueRecord, Quarantined

pytestmark = pytest.mark.anyio

MUTANTS = 300  # for each seed


async def test_what_is_damaged_is_counted_once_and_what_is_sound_comes_in(
    bring: Import, database: Database, library: Tenant, seed: int
) -> None:
    draw, sound = Random(seed), list(records(MUTANTS // 3))
    made = [one for good in sound for one in (good, *broken(draw, 3))]
    first, again = await bring(b"".join(made)), await bring(b"".join(made))
    for job in (first, again):
        assert job.state is JobState.DONE, job.failure
        assert job.report
        told = job.report
        fates = ("new", "updated", "unchanged", "quarantined")
        assert told["read"] == sum(told[fate] for fate in fates) >= len(made) * 0.9
    assert first.report
    assert again.report
    assert again.report["new"] == 0
    assert again.report["quarantined"] == first.report["quarantined"] > 0
    assert await kept(database, library, first.id) == (
        first.report["new"],
        first.report["quarantined"],
    )
    async with unit_of_work(database.app, library.id) as session:
        stored = select(CatalogueRecord.raw).where(CatalogueRecord.raw.in_(sound))
        assert sorted(await session.scalars(stored)) == sorted(sound)


async def test_no_length_of_a_broken_record_stops_an_import(bring: Import) -> None:
    whole = iso("001 1", "245 10 $aTitle")
    cut = b"0\x0009\x00" + whole[5:-4] + b"\x1d"
    job = await bring(cut + whole)
    assert job.state is JobState.DONE
    assert job.report
    assert (job.report["new"], job.report["reasons"]) == (1, {"truncated": 1})


def broken(draw: Random, number: int) -> list[bytes]:
    """So many damaged records of other people's."""
    return [damaged(draw, draw.choice(real(REAL))) for _ in range(number)]


async def kept(database: Database, library: Tenant, job: UUID) -> tuple[int, int]:
    """How many records and headings there are, and how many pieces the import has set aside."""
    async with unit_of_work(database.app, library.id) as session:
        aside = select(func.count()).select_from(Quarantined).where(Quarantined.job_id == job)
        rows = [
            await session.scalar(select(func.count()).select_from(table)) or 0
            for table in (CatalogueRecord, Authority)
        ]
        return sum(rows), await session.scalar(aside) or 0
