"""Real catalogues of others come in without a crash, and every record is accounted for."""

import gzip

import pytest
from books import Import
from marcs import data_file
from sqlalchemy import func, select

from pinakes.platform.db import Database, unit_of_work
from pinakes.platform.directory import Tenant
from pinakes.platform.jobs import JobState
from pinakes.tenants.catalogue.models import Authority, CatalogueRecord, Quarantined

pytestmark = pytest.mark.anyio

FAMILIES = ("marc21", "marcxml", "unimarc", "cnmarc")
LARGEST = 1_500_000  # bytes unpacked: the larger ones are more of the same


def files(family: str) -> list[bytes]:
    found = [path for path in sorted(data_file(family).rglob("*")) if path.is_file()]
    plain = [
        gzip.decompress(p.read_bytes()) if p.suffix == ".gz" else p.read_bytes() for p in found
    ]
    return [file for file in plain if 0 < len(file) < LARGEST]


@pytest.mark.parametrize("family", FAMILIES)
async def test_every_record_of_a_family_is_counted_once(
    family: str, bring: Import, database: Database, library: Tenant
) -> None:
    new = quarantined = 0
    for file in files(family):
        job = await bring(file)
        if job.failure == "unknown_format":
            continue
        assert job.state is JobState.DONE, job.failure
        assert job.report
        new += job.report["new"]
        quarantined += job.report["quarantined"]
    assert new
    async with unit_of_work(database.app, library.id) as session:
        rows = [
            await session.scalar(select(func.count()).select_from(table)) or 0
            for table in (CatalogueRecord, Authority, Quarantined)
        ]
    assert rows[0] + rows[1] == new
    assert rows[2] == quarantined
