"""What an import did, as one object and as a table, line by line; copies with where they are."""

import csv
from io import StringIO

import httpx
import pymarc
import pytest
from books import Import, book, file_of
from marcs import iso
from mint import Mint
from sqlalchemy import select

from pinakes.platform.db import Database, unit_of_work
from pinakes.platform.directory import Tenant
from pinakes.platform.spreadsheet import BOM
from pinakes.tenants.catalogue import service
from pinakes.tenants.items.models import Item

pytestmark = pytest.mark.anyio

JUNK = b"00099nam a2200000 a 4500rubbish\x1d"


async def test_the_report_names_the_file_and_what_became_of_the_import(
    client: httpx.AsyncClient, mint: Mint, library: Tenant, bring: Import, database: Database
) -> None:
    job = await bring(file_of(book("1"), JUNK))
    async with unit_of_work(database.app, library.id) as session:
        undo = (await service.start_undo(session, job.id)).id
    root, staff = f"/v1/b/{library.code}/catalogue", mint.staff(f"desk@{library.code}")
    told = (await client.get(f"{root}/imports/{job.id}/report", headers=staff)).json()
    assert (told["state"], told["file"]["name"], told["undos"]) == ("done", "test.mrc", [str(undo)])
    assert (told["report"]["read"], told["report"]["quarantined"]) == (2, 1)
    assert told["ended_at"] > told["begun_at"]
    assert (await client.get(f"{root}/imports/{undo}/report", headers=staff)).status_code == 404


async def test_the_table_has_a_line_for_all_that_did_not_come_in_and_runs_no_formula(
    client: httpx.AsyncClient,
    mint: Mint,
    library: Tenant,
    bring: Import,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("pinakes.tenants.catalogue.telling.AT_ONCE", 2)
    formula = book("2", "另一本", items=["A", "=1+1", "@x"])
    job = await bring(file_of(book("1", items=["A", "@x"]), *[JUNK] * 5, formula))
    address = f"/v1/b/{library.code}/catalogue/imports/{job.id}/report.csv"
    answer = await client.get(address, headers=mint.staff(f"desk@{library.code}"))
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.content.startswith(BOM)
    table = list(csv.DictReader(StringIO(answer.content.decode("utf-8-sig"))))
    counted = {row["code"]: row["count"] for row in table if row["what"] == "count"}
    assert (counted["read"], counted["new"], counted["items.duplicates"]) == ("7", "2", "2")
    words = {row["code"]: (row["zh"], row["en"]) for row in table}
    assert words["read"] == ("已读取", "Read")
    assert words["items.new"] == ("新增", "New")
    pieces = [row for row in table if row["what"] == "quarantined"]
    assert [row["record"] for row in pieces] == ["2", "3", "4", "5", "6"]
    assert all(row["zh"] != row["en"] and int(row["byte"]) for row in pieces)
    copies = [(row["record"], row["barcode"]) for row in table if row["what"] == "item"]
    assert sorted(copies) == [("7", "'@x"), ("7", "A")]


async def test_a_copy_comes_in_where_its_system_says_it_is(
    bring: Import, database: Database, library: Tenant
) -> None:
    words = {"A": "在架", "B": " 注销", "C": "Lost", "D": "借出", "E": "whatever"}
    record = book("1", items=words)
    for field, word in zip(record.get_fields("952"), words.values(), strict=True):
        field.subfields.append(pymarc.Subfield("7", word))
    await bring(file_of(record))
    async with unit_of_work(database.app, library.id) as session:
        rows = await session.execute(select(Item.barcode, Item.status).order_by(Item.barcode))
        assert [status for _, status in rows] == [
            "on_shelf", "withdrawn", "lost", "on_shelf", "on_shelf",
        ]  # fmt: skip


async def test_what_was_updated_is_named_once_and_what_is_as_before_is_not(
    client: httpx.AsyncClient,
    mint: Mint,
    library: Tenant,
    bring: Import,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def file(title: str, shelf: str) -> bytes:
        same, *others = (book(str(number), title, items=[f"U{number}"]) for number in range(4))
        same["245"]["a"] = "红楼梦"
        for record in others:
            record["952"]["o"] = shelf
        heading = iso("001 h", f"100 1_ $a{title}", leader="nz  a i ")
        return file_of(same, *others, others[0], heading)

    monkeypatch.setattr("pinakes.tenants.catalogue.renewed.AT_ONCE", 2)
    first, second = await bring(file("旧题名", "I1")), await bring(file("新题名", "I2"))
    assert second.report is not None
    assert second.report["updated"] == 4
    staff = mint.staff(f"desk@{library.code}")
    for job, names in ((first, set[str]()), (second, {"1", "2", "3", "h"})):
        address = f"/v1/b/{library.code}/catalogue/imports/{job.id}/report.csv"
        answer = await client.get(address, headers=staff)
        table = list(csv.DictReader(StringIO(answer.content.decode("utf-8-sig"))))
        named = [row for row in table if row["what"] == "updated"]
        records = [row for row in named if row["code"] != "item"]
        assert {row["known_as"] for row in records} == names
        assert len(records) == len(names)
        copies = {row["barcode"] for row in named if row["code"] == "item"}
        assert copies == {f"U{name}" for name in names - {"h"}}
        assert all((row["zh"], row["en"]) == ("更新", "Updated") for row in named)


async def test_records_that_were_put_right_are_named(
    client: httpx.AsyncClient,
    mint: Mint,
    library: Tenant,
    bring: Import,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    books = [book(str(number)).as_marc() for number in range(5)]
    for wrong in (1, 4):
        books[wrong] = b"00999" + books[wrong][5:]
    heading = b"00999" + iso("001 h", "100 1_ $aCao, Xueqin", leader="nz  a i ")[5:]
    job = await bring(file_of(*books, heading))
    assert job.report is not None
    assert job.report["repairs"] == {"length_corrected": 3}
    monkeypatch.setattr("pinakes.tenants.catalogue.repaired.AT_ONCE", 2)
    root, staff = f"/v1/b/{library.code}/catalogue", mint.staff(f"desk@{library.code}")
    where, after, told = f"{root}/imports/{job.id}", "", list[tuple[str, str, list[str]]]()
    while after is not None:
        asked = {"after": after} if after else {}
        page = (await client.get(f"{where}/repairs", headers=staff, params=asked)).json()
        told += [(one["kind"], one["control_number"], one["repairs"]) for one in page["items"]]
        after = page["next"]
    right = ["length_corrected"]
    assert sorted(told) == [
        ("authority", "h", right),
        ("record", "1", right),
        ("record", "4", right),
    ]
    answer = await client.get(f"{where}/report.csv", headers=staff)
    table = list(csv.DictReader(StringIO(answer.content.decode("utf-8-sig"))))
    named = [row for row in table if row["what"] == "repaired"]
    assert sorted(row["known_as"] for row in named) == ["1", "4", "h"]
    assert {(row["code"], row["en"]) for row in named} == {("length_corrected", "Length put right")}
    monkeypatch.setattr("pinakes.tenants.catalogue.repaired.MOST", 2)
    answer = await client.get(f"{where}/report.csv", headers=staff)
    table = list(csv.DictReader(StringIO(answer.content.decode("utf-8-sig"))))
    assert [row["code"] for row in table if row["what"] == "repaired"][-1] == "more"
