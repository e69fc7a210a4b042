"""Items from a spreadsheet find their titles, or are told of line by line."""

from io import BytesIO
from typing import Any

import pytest
from books import Import, book, file_of, look, performed, send
from sqlalchemy import select

from pinakes.platform.db import Database, unit_of_work
from pinakes.platform.directory import Tenant
from pinakes.platform.jobs import Job, JobState
from pinakes.tenants.catalogue import service, sheets
from pinakes.tenants.catalogue.marc import sheet
from pinakes.tenants.catalogue.models import ItemTrouble
from pinakes.tenants.catalogue.schemas import SheetWish
from pinakes.tenants.items.models import Item

pytestmark = pytest.mark.anyio

SHEET = """条码,控制号,ISBN,索书号,馆藏地
B1,1,,I242/1,三楼
B2,,978-7-02-000220-7,I242/2,三楼
B3,404,,X,
,1,,X,
B1,2,,X,
B5,,9787020002200,X,
"""


@pytest.fixture
def shelve(database: Database, library: Tenant) -> Any:
    async def shelve(sheet: str, **wish: Any) -> Job:
        async with unit_of_work(database.app, library.id) as session:
            upload = await send(session, sheet.encode("gb18030"))
            id = (await service.start_sheet(session, SheetWish(upload, **wish))).id
        await performed(database)
        return await look(database, library, id)

    return shelve


async def test_lines_find_their_titles_and_the_others_are_told_of(
    bring: Import, shelve: Any, database: Database, library: Tenant
) -> None:
    await bring(file_of(book("1", "甲"), book("2", "乙", isbn="9787020002207")))
    trial = await shelve(SHEET, dry_run=True)
    job = await shelve(SHEET)
    assert job.state is JobState.DONE, job.failure
    assert job.report == {
        "read": 6, "new": 2, "updated": 0, "unchanged": 0, "duplicates": 1, "refused": 3,
        "reasons": {"no_such_record": 1, "no_barcode": 1, "bad_isbn": 1}, "dry_run": False,
    }  # fmt: skip
    assert trial.report == {**job.report, "dry_run": True}
    async with unit_of_work(database.app, library.id) as session:
        items = (await session.scalars(select(Item).order_by(Item.barcode))).all()
        troubles = (await session.scalars(select(ItemTrouble))).all()
        named = {id: sorted((one.ordinal, one.barcode) for one in troubles if one.job_id == id)
                 for id in (trial.id, job.id)}  # fmt: skip
    assert named[trial.id] == named[job.id]
    assert [(item.barcode, item.location) for item in items] == [("B1", "三楼"), ("B2", "三楼")]
    assert sorted((one.ordinal, one.reason) for one in troubles if one.job_id == job.id) == [
        (4, "no_such_record"),
        (5, "no_barcode"),
        (6, "duplicate_barcode"),
        (7, "bad_isbn"),
    ]
    again = await shelve(SHEET)
    assert (again.report["new"], again.report["unchanged"]) == (0, 2)


async def test_a_trial_knows_what_came_portions_before(
    bring: Import, shelve: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sheets, "RECORDS", 2)
    await bring(file_of(book("1", "甲"), book("2", "乙")))
    lines = ("B1,1", "B2,2", "B3,1", "B4,1", "B1,1", "B2,1", "B3,404")
    table = "\n".join(["条码,控制号", *lines])
    trial, job = await shelve(table, dry_run=True), await shelve(table)
    assert (job.report["new"], job.report["unchanged"], job.report["duplicates"]) == (4, 1, 1)
    assert trial.report == {**job.report, "dry_run": True}


async def test_every_column_of_a_line_is_kept(
    bring: Import, shelve: Any, database: Database, library: Tenant
) -> None:
    await bring(file_of(book("1")))
    headings = "条码号,控制号,索书号,馆藏地,复本号,类型,状态,单价"
    await shelve(f"{headings}\nB9,1,I242/9,三楼,2,dvd,丢失,59.70元\n")
    async with unit_of_work(database.app, library.id) as session:
        item = (await session.scalars(select(Item))).one()
    said = (item.barcode, item.call_number, item.location, item.copy, item.kind, item.status)
    assert (*said, item.price) == ("B9", "I242/9", "三楼", "2", "dvd", "lost", "59.70元")


async def test_a_number_that_several_titles_bear_names_none(bring: Import, shelve: Any) -> None:
    await bring(file_of(book("1", "甲", isbn="9787020002207"), book("2", isbn="9787020002207")))
    job = await shelve("barcode,isbn\nX1,9787020002207\n")
    assert job.report["reasons"] == {"several_records": 1}


async def test_a_table_without_barcodes_is_refused(shelve: Any) -> None:
    job = await shelve("题名,作者\n红楼梦,曹雪芹\n")
    assert (job.state, job.failure) == (JobState.FAILED, "no_items")


def test_a_line_without_end_is_told_of_and_the_next_ones_are_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sheet, "LONGEST", 20)
    table = f"barcode,isbn\nX1,\n{'X' * 50}\nX2,\n{'X' * 20}\nX3,"
    found = list(sheet.lines(BytesIO(table.encode())))
    assert [(one.item.barcode, one.reason) for one in found] == [
        ("X1", "no_title_named"),
        ("", "line_unreadable"),
        ("X2", "no_title_named"),
        ("", "line_unreadable"),
        ("X3", "no_title_named"),
    ]
    with pytest.raises(sheet.NoItems):
        list(sheet.lines(BytesIO(b"barcode,isbn" * 9)))
