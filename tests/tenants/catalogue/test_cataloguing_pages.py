"""The cataloguer's pages: reports, what was set aside, and titles that may be the same."""

import re
from typing import Any

import httpx
import pytest
from books import Import, book, file_of, performed
from litestar import Litestar
from marcs import iso
from mint import Mint
from sqlalchemy import select, update

from pinakes.platform.db import Database, unit_of_work
from pinakes.platform.directory import Tenant
from pinakes.platform.objects import objects
from pinakes.tenants.catalogue.models import CatalogueRecord, Twin
from pinakes.tenants.items.models import Item

pytestmark = pytest.mark.anyio

RUSSIAN = iso("001 5", "200 1_ $aВойна и мир", "801 _0 $bX", encoding="windows-1251")


class Room:
    """The pages as a cataloguer sees them."""

    def __init__(self, client: httpx.AsyncClient, headers: dict[str, str], code: str) -> None:
        self.client, self.code = client, code
        self.headers = {**headers, "accept": "text/html", "accept-language": "zh"}

    async def get(self, path: str = "", **query: str) -> str:
        answer = await self.client.get(self.at(path), params=query or None, headers=self.headers)
        assert answer.status_code == 200, answer.text
        return answer.text

    async def post(self, path: str, **form: str) -> httpx.Response:
        headers = {**self.headers, "origin": "http://pinakes.test"}
        return await self.client.post(self.at(path), data=form, headers=headers)

    def at(self, path: str) -> str:
        return path if path.startswith("/b/") else f"/b/{self.code}/cataloguing/{path}"


@pytest.fixture
def room(
    client: httpx.AsyncClient,
    mint: Mint,
    library: Tenant,
    app: Litestar,
    environment: dict[str, str],
) -> Room:
    app.state["objects"] = objects()
    return Room(client, mint.staff(f"cataloguer@{library.code}"), library.code)


def link(shown: str, within: str) -> str:
    """The address of the first link to what has *within* in it."""
    found = re.search(rf'href="([^"]*{within}[^"]*)"', shown)
    assert found, shown
    return found[1]


async def test_a_piece_that_nobody_wants_is_discarded_on_its_page(
    room: Room, bring: Import
) -> None:
    job = await bring(file_of(book("1")) + RUSSIAN)
    listed = f"imports/{job.id}/quarantine"
    path = link(await room.get(listed), "pieces/")
    assert "弃置" in await room.get(path)
    assert (await room.post(f"{path}/discard")).headers["location"].endswith(listed)
    assert "已弃置" in await room.get(listed)
    assert "已弃置，仍可收入目录" in await room.get(path)
    assert "此后已弃置" in await room.get(f"imports/{job.id}")


async def test_from_the_report_to_the_piece_and_into_the_catalogue(
    room: Room, bring: Import, database: Database, library: Tenant
) -> None:
    assert "尚未导入任何目录" in await room.get()
    await bring(file_of(book("1", items=["A"])) + RUSSIAN)
    listed = await room.get()
    assert "test.mrc</a>" in listed
    assert "2 条" in listed
    report = await room.get(link(listed, "imports/"))
    for words in ("导入报告", "字符编码不明", "搁置原因"):
        assert words in report
    aside = await room.get(link(report, "/quarantine"))
    assert "文件中第 2 条" in aside
    path = link(aside, "pieces/")
    assert "�" in await room.get(path)
    assert "Война и мир" in await room.get(path, encoding="windows-1251")
    refused = await room.post(path, encoding="utf-8", dialect="", text="no tag")
    assert refused.status_code == 400
    assert "第 1 行没有三位字段号" in refused.text
    assert ">no tag</textarea>" in refused.text
    mended = await room.post(path, encoding="windows-1251", dialect="unimarc")
    assert mended.status_code == 303
    assert "已修复" in await room.get(mended.headers["location"])
    assert "已修复并收入目录" in await room.get(path)
    async with unit_of_work(database.app, library.id) as session:
        titles = await session.scalars(select(CatalogueRecord.title_fields["title"].astext))
        assert sorted(titles) == ["Война и мир", "红楼梦"]


async def test_an_import_that_failed_has_a_report_too(room: Room, bring: Import) -> None:
    job = await bring(b"no catalogue")
    assert "<code>unknown_format</code>" in await room.get(f"imports/{job.id}")


async def test_two_titles_are_decided_on_the_page(
    room: Room, bring: Import, database: Database, library: Tenant
) -> None:
    same: dict[str, Any] = {"isbn": "9787020002207"}
    await bring(file_of(*(book(str(n), "红楼梦", **same) for n in range(3))))
    assert "没有待判断的书目" in await room.get("duplicates")
    assert (await room.post("duplicates")).status_code == 303
    await performed(database)
    shown = await room.get("duplicates")
    assert shown.count("ISBN 与题名相同") == 3
    first = re.findall(r'action="([^"]*duplicates/[^"]+)"', shown)[0]
    assert (await room.post(first, keep="different")).status_code == 303
    shown = await room.get("duplicates")
    assert shown.count("ISBN 与题名相同") == 2
    keep = re.search(r'name="keep" value="([0-9a-f-]{36})"', shown)
    path = re.search(r'action="([^"]*duplicates/[^"]+)"', shown)
    assert keep
    assert path
    assert (await room.post(path[1], keep=keep[1])).status_code == 303
    async with unit_of_work(database.app, library.id) as session:
        verdicts = sorted(await session.scalars(select(Twin.verdict)))
    assert verdicts == ["different", "open", "same"]
    assert (await room.post(path[1], keep="nonsense")).status_code == 400


async def test_copies_that_did_not_come_in_are_named_and_the_whole_is_taken_back(
    room: Room, bring: Import, database: Database, library: Tenant
) -> None:
    await bring(file_of(book("1", items=["A"]), book("2", items=["A"])))
    path = link(await room.get(), "imports/")
    report = await room.get(path)
    copies = await room.get(link(report, "/items"))
    assert "条码重复" in copies
    assert "文件中第 2 条" in copies
    assert "duplicate_barcode" in await room.get(link(report, "report.csv"))
    undone = await room.post(f"{path}/undo")
    assert "正在撤销" in await room.get(undone.headers["location"])
    await performed(database)
    async with unit_of_work(database.app, library.id) as session:
        assert list(await session.scalars(select(CatalogueRecord.id))) == []


async def test_what_stays_of_an_import_is_named_with_its_title_and_the_reason(
    room: Room, bring: Import, database: Database, library: Tenant
) -> None:
    job = await bring(file_of(book("T1", "红楼梦", items=["A"])))
    async with unit_of_work(database.app, library.id) as session:
        await session.execute(update(Item).values(status="lent", version=Item.version + 1))
    report = (await room.post(f"imports/{job.id}/undo")).headers["location"]
    await performed(database)
    stayed = link(await room.get(report), "undos/")
    page = " ".join((await room.get(stayed)).split())
    for words in ("<code>A</code>", "<code>T1</code>", "红楼梦", "此后已借出", "仍有复本"):
        assert words in page
    told = await room.client.get(
        f"/v1/b/{room.code}/catalogue/undos/{stayed.rpartition('/')[2]}/kept", headers=room.headers
    )
    assert {(one["title"], one["en"]) for one in told.json()["items"]} == {
        ("红楼梦", "Lent since"),
        ("红楼梦", "Copies, loans or requests need it"),
    }
    assert (await room.get(report, undoing="yes")).count("正在撤销") == 0


async def test_only_cataloguers_come_in(room: Room, mint: Mint) -> None:
    for grant, status in (("desk", 403), ("administrator", 200)):
        headers = {**mint.staff(f"{grant}@{room.code}"), "accept": "text/html"}
        answer = await room.client.get(room.at(""), headers=headers)
        assert answer.status_code == status
