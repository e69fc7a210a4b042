"""Real catalogues of others come in without a crash, and every record is accounted for."""

import gzip
from pathlib import Path

import pytest
from books import Import
from marcs import DATA, data_file
from sqlalchemy import func, select

from pinakes.platform.db import Database, unit_of_work
from pinakes.platform.directory import Tenant
from pinakes.platform.jobs import JobState
from pinakes.tenants.catalogue.models import Authority, CatalogueRecord, Quarantined

pytestmark = pytest.mark.anyio

FAMILIES = ("marc21", "marcxml", "unimarc", "cnmarc")
LARGEST = 1_500_000  # bytes unpacked
LARGER = (
    "marc21/fixtures/qa-catalogue/thomas-mann.xml.gz",
    "marc21/lc-books-2016-chinese.mrc.gz",
    "marc21/lc-books-2016-general-1.mrc.gz",
    "marc21/lc-books-2016-general-2.mrc.gz",
    "marc21/lc-books-2016-nonroman.mrc.gz",
    "marc21/watson-CCT_PDFs_2021_05_11.mrc.gz",
    "marc21/watson-MMA_Pubs_records_2020_04_fulltext.mrc.gz",
    "marcxml/lc-books-2016-general.marcxml.gz",
)
BEGINNING = 200_000  # bytes of those, but for --thorough; the record that is cut is set aside


def files(family: str) -> list[bytes]:
    found = {
        str(path.relative_to(DATA)): unpacked(path)
        for path in sorted(data_file(family).rglob("*"))
        if path.is_file()
    }
    large = {name for name, file in found.items() if len(file) >= LARGEST}
    assert large == {name for name in LARGER if name.startswith(f"{family}/")}
    return [file for name, file in found.items() if file and name not in large]


def unpacked(path: Path) -> bytes:
    return gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()


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
    assert await rows(database, library) == (new, quarantined)


@pytest.mark.parametrize("name", LARGER)
async def test_every_record_of_a_large_file_is_counted_once(
    name: str, bring: Import, database: Database, library: Tenant, thorough: bool
) -> None:
    file = unpacked(data_file(name))
    job = await bring(file if thorough else file[:BEGINNING])
    assert job.state is JobState.DONE, job.failure
    assert job.report
    told = job.report
    fates = sum(told[fate] for fate in ("new", "updated", "unchanged", "quarantined"))
    assert told["read"] == fates > 0
    assert await rows(database, library) == (told["new"], told["quarantined"])
    if thorough:
        assert told["quarantined"] == 0


async def rows(database: Database, library: Tenant) -> tuple[int, int]:
    """How many records and headings there are, and how many pieces lie aside."""
    async with unit_of_work(database.app, library.id) as session:
        titles, headings, aside = [
            await session.scalar(select(func.count()).select_from(table)) or 0
            for table in (CatalogueRecord, Authority, Quarantined)
        ]
    return titles + headings, aside
