"""A catalogue goes out as it came: nothing lost, no field changed."""

import csv
import gzip
from collections.abc import Awaitable, Callable
from io import BytesIO, StringIO
from typing import Any

import pytest
from books import Import, book, file_of, look, performed, send
from marcs import DATA, iso
from sqlalchemy import select

from pinakes.main.demo.marc import records
from pinakes.platform.db import Database, unit_of_work
from pinakes.platform.directory import Tenant
from pinakes.platform.jobs import Job, JobState
from pinakes.platform.objects import objects
from pinakes.tenants.catalogue import exporting
from pinakes.tenants.catalogue.giving import ExportWish, Form, What
from pinakes.tenants.catalogue.marc import Record, read
from pinakes.tenants.catalogue.models import CatalogueRecord
from pinakes.tenants.catalogue.schemas import SheetWish
from pinakes.tenants.catalogue.service import start_sheet, suppress
from pinakes.tenants.registry import placement

pytestmark = pytest.mark.anyio

type Give = Callable[..., Awaitable[tuple[Job, bytes]]]


@pytest.fixture
def give(database: Database, library: Tenant) -> Give:
    """Exports something and answers the job with its file."""

    async def give(**wish: Any) -> tuple[Job, bytes]:
        async with unit_of_work(database.app, library.id) as session:
            id = (await exporting.start_export(session, ExportWish(**wish))).id
            files = await placement.store(session, objects())
        await performed(database)
        job = await look(database, library, id)
        assert job.state is JobState.DONE, job.failure
        return job, await files.get(exporting.key_of_export(id))

    return give


def fields_of(file: bytes) -> list[Any]:
    found = [one for one in read(BytesIO(file)) if isinstance(one, Record)]
    return [(one.leader[5:9], one.fields) for one in found]


@pytest.mark.parametrize("dialect", ["cnmarc", "marc21"])
async def test_ten_thousand_records_come_back_with_no_field_changed(
    bring: Import, give: Give, dialect: str
) -> None:
    file = b"".join(records(5_000, dialect=dialect))
    await bring(file)
    job, out = await give()
    assert out == file
    assert job.report == {"read": 5_000, "size": len(file), "troubles": {}}
    job, out = await give(format=Form.MARCXML)
    assert fields_of(out) == fields_of(file)


@pytest.mark.parametrize(
    "name",
    [
        "marc21/evergreen-lul_fre_500.mrc.gz",  # MARC-8
        "cnmarc/derived-lc-chinese-gb18030.iso.gz",
        "cnmarc/dp2-sru-cnmarcxml.xml",
        "unimarc/idzebra-rusmarc.mrc",  # KOI8-R
        "marcxml/koha-demo-bibs.marcxml.gz",
    ],
)
async def test_real_catalogues_come_back_with_no_field_changed(
    bring: Import, give: Give, name: str
) -> None:
    if not (DATA / name).exists():
        pytest.skip(f"{name} is not on this machine")
    file = (DATA / name).read_bytes()
    file = gzip.decompress(file) if name.endswith(".gz") else file
    count = (await bring(file)).report or {}
    for form in (Form.ISO2709, Form.MARCXML):
        job, out = await give(format=form)
        assert job.report
        assert not set(job.report["troubles"]) - {"altered"}
        report = (await bring(out)).report or {}
        assert report["read"] == report["unchanged"] == count["new"], (form, report)


async def test_unicode_is_written_where_it_is_wanted_and_said_so(bring: Import, give: Give) -> None:
    chinese = (
        "001 7",
        "100 __ $a20020204d1982    em y0chiy0120    ea",
        "200 1_ $a红楼梦",
        "801 _0 $bX",
    )
    await bring(iso(*chinese, encoding="gb18030"))
    _, kept = await give()
    _, unicode = await give(unicode=True)
    assert "红楼梦".encode("gb18030") in kept
    assert "红楼梦".encode() in unicode
    assert b"y0chiy50      ea" in unicode
    assert int(unicode[:5]) == len(unicode)


async def test_each_dialect_headings_and_what_is_gone_go_out_by_themselves(
    bring: Import, give: Give
) -> None:
    american = book("1").as_marc()
    chinese = iso("001 2", "200 1_ $a红楼梦", "801 _0 $bX")
    gone = iso("001 3", "245 10 $aGone", leader="dam a i ")
    heading = iso("001 4", "100 1_ $aCao, Xueqin", leader="nz  a i ")
    await bring(american + chinese + gone + heading)
    assert (await give())[1] == american + chinese
    assert (await give(dialect="unimarc"))[1] == chinese
    assert (await give(gone=True))[1] == american + chinese + gone
    assert (await give(what=What.AUTHORITIES))[1] == heading


async def test_items_go_out_as_a_table_that_no_spreadsheet_runs(bring: Import, give: Give) -> None:
    await bring(file_of(book("=1+1", "@书", items=["B1", "B2"])))
    _, out = await give(format=Form.ITEMS)
    lines = list(csv.DictReader(StringIO(out.decode("utf-8-sig"), newline="")))
    assert [line["barcode"] for line in lines] == ["B1", "B2"]
    assert {line["title"] for line in lines} == {"'@书"}
    assert {line["control_number"] for line in lines} == {"'=1+1"}
    assert {line["status"] for line in lines} == {"on_shelf"}


async def test_the_table_of_items_can_be_brought_in_again(
    bring: Import, give: Give, database: Database, library: Tenant
) -> None:
    await bring(file_of(book("=1+1", "@书", items=["B1", "B2"]), book("2", items=["B3"])))
    _, out = await give(format=Form.ITEMS)
    async with unit_of_work(database.app, library.id) as session:
        sheet = await start_sheet(session, SheetWish(await send(session, out)))
    await performed(database)
    report = (await look(database, library, sheet.id)).report or {}
    assert (report["read"], report["unchanged"], report["refused"]) == (3, 3, 0)


async def test_a_suppressed_record_goes_out_too(
    bring: Import, give: Give, database: Database, library: Tenant
) -> None:
    await bring(file_of(book("1")))
    async with unit_of_work(database.app, library.id) as session:
        [id] = await session.scalars(select(CatalogueRecord.id))
        await suppress(session, id, True)
    job, _ = await give()
    assert job.report
    assert job.report["read"] == 1
