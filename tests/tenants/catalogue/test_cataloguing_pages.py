"""The cataloguer's pages: reports, what was set aside, and titles that may be the same."""

import re
from typing import Any
from uuid import UUID

import httpx
import pytest
from books import Import, begin, book, file_of, performed, send
from litestar import Litestar
from marcs import iso
from mint import Mint
from sqlalchemy import select, update

from pinakes.platform.db import Database, unit_of_work
from pinakes.platform.directory import Tenant
from pinakes.platform.jobs import Job
from pinakes.platform.objects import objects
from pinakes.tenants.catalogue import service
from pinakes.tenants.catalogue.models import CatalogueRecord, Twin
from pinakes.tenants.catalogue.schemas import SheetWish
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

    async def send(self, file: bytes, **form: str) -> httpx.Response:
        headers = {**self.headers, "origin": "http://pinakes.test"}
        files = {"file": ("我的书.mrc", file)}
        return await self.client.post(self.at("imports"), data=form, files=files, headers=headers)

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


async def test_a_file_is_brought_in_from_the_page_of_imports(
    room: Room, database: Database
) -> None:
    assert 'enctype="multipart/form-data"' in await room.get()
    file = file_of(book("1"), book("2"))
    sent = await room.send(file, dialect="marc21", encoding="", kind="", dry_run="true")
    assert sent.status_code == 303, sent.text
    await performed(database)
    report = await room.get(sent.headers["location"])
    for words in ("我的书.mrc", "试运行", "已读取</dt><dd>2"):
        assert words in report
    table = b"barcode,isbn\nB1,9787020002207\n"
    sent = await room.send(table, kind=service.SHEET)
    await performed(database)
    assert "1 册未收入" in await room.get()


async def test_a_form_that_is_not_ours_or_has_no_file_is_refused(room: Room) -> None:
    assert (await room.send(b"")).status_code == 400
    for content, boundary in ((b"--x", "x"), (b"", ""), (b"--x\r\n\r\n\r\n--x--", "x")):
        headers = {"content-type": f"multipart/form-data; boundary={boundary}"}
        answer = await room.client.post(
            room.at("imports"), content=content, headers={**room.headers, **headers}
        )
        assert answer.status_code == 400, answer.text
    for wrong in ({"encoding": "x" * 300}, {"dialect": "klingon"}, {"nobody": "knows"}):
        assert (await room.send(file_of(book("1")), **wrong)).status_code == 400
    assert "尚未导入任何目录" in await room.get()


async def test_a_trial_names_what_it_would_set_aside_or_refuse_and_offers_no_mending(
    room: Room, bring: Import
) -> None:
    twice = file_of(book("1", items=["X"]), book("2", "另一本", items=["X"])) + RUSSIAN
    trial = await bring(twice, dry_run=True)
    report = await room.get(f"imports/{trial.id}")
    listed = await room.get(link(report, "quarantine"))
    assert "文件中第 3 条" in listed
    assert "pieces/" not in listed
    assert "0 字节" not in listed
    assert "<code>X</code>" in await room.get(link(report, "items"))


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
    assert re.search("起始于第 [1-9][0-9]* 字节", aside)
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
    shown = await room.get(f"imports/{job.id}")
    assert "<code>unknown_format</code>" in shown
    assert re.search(r"<strong>[^<]*[\u4e00-\u9fff][^<]*</strong> <a href=\"/errors/", shown)
    assert "册未收入" not in await room.get()


async def test_an_import_that_brought_nothing_has_nothing_to_take_back(
    room: Room, bring: Import
) -> None:
    failed, first, again = [
        await bring(file) for file in (b"no catalogue", file_of(book("1")), file_of(book("1")))
    ]
    offered = [
        "撤销整个导入" in await room.get(f"imports/{one.id}") for one in (failed, first, again)
    ]
    assert offered == [False, True, False]
    room.headers["accept-language"] = "en"
    listed = " ".join((await room.get()).split())
    assert "1 record " in listed
    assert re.search("<td[^>]*>—</td>", listed)


async def test_an_import_shows_how_far_it_is_and_is_stopped_on_its_page(
    room: Room, database: Database, library: Tenant
) -> None:
    id = await begin(database, library, file_of(book("1")))
    async with unit_of_work(database.app, library.id) as session:
        told = {"done": 3, "total": 7, "report": {"read": 12}}
        await session.execute(update(Job).where(Job.id == id).values(**told))
    path = f"imports/{id}"
    answer = await room.client.get(room.at(path), headers=room.headers)
    assert answer.headers["refresh"] == "3"
    assert '<progress id="progress" max="7" value="3">' in answer.text
    assert "文件已读取 43%" in answer.text
    assert "停止导入" in answer.text
    assert (await room.post(f"{path}/cancel")).headers["location"].endswith(path)
    shown = await room.get(path)
    for words in ("已取消", "再次导入同一文件即可继续", "目前已读"):
        assert words in shown
    for words in ("停止导入", "自动刷新"):
        assert words not in shown
    assert "已读取 12 条" in await room.get()
    assert (await room.post(f"{path}/cancel")).status_code == 409


async def test_an_import_that_has_not_begun_says_so(
    room: Room, database: Database, library: Tenant
) -> None:
    id = await begin(database, library, file_of(book("1")))
    shown = await room.get(f"imports/{id}")
    assert "正在排队等候" in shown
    assert '<dl class="fields">' not in shown


async def test_trials_and_imports_that_were_taken_back_are_told_apart(
    room: Room, bring: Import, database: Database
) -> None:
    await bring(file_of(book("1")), dry_run=True)
    assert "试运行" in await room.get()
    job = await bring(file_of(book("1")))
    path = f"imports/{job.id}"
    assert "撤销整个导入" in await room.get(path)
    await room.post(f"{path}/undo")
    assert "正在撤销" in await room.get()
    await performed(database)
    assert "已全部撤销" in await room.get()
    answer = await room.client.get(room.at(path), headers=room.headers)
    assert "已全部撤销" in answer.text
    assert "撤销整个导入" not in answer.text
    assert "refresh" not in answer.headers


async def test_lines_of_a_table_that_did_not_come_in_are_counted_in_the_list(
    room: Room, database: Database, library: Tenant
) -> None:
    async with unit_of_work(database.app, library.id) as session:
        upload = await send(session, b"barcode,isbn\nB1,9787020002207\n")
        await service.start_sheet(session, SheetWish(upload))
    await performed(database)
    listed = await room.get()
    assert "1 册未收入" in listed
    report = await room.get(link(listed, "imports/"))
    assert "文件第 2 行" in await room.get(link(report, "/items"))


async def test_older_imports_are_on_the_next_page(
    room: Room, bring: Import, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pinakes.tenants.catalogue.pages.FEW", 1)
    first, second = await bring(file_of(book("1"))), await bring(file_of(book("2")))
    latest = await room.get()
    assert (str(second.id) in latest, str(first.id) in latest) == (True, False)
    older = await room.get(link(latest, "after="))
    assert (str(second.id) in older, str(first.id) in older) == (False, True)


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


async def test_the_page_offers_no_record_to_keep_that_readers_do_not_see(
    room: Room, bring: Import, database: Database, library: Tenant
) -> None:
    await bring(file_of(*(book(str(n), "红楼梦", isbn="9787020002207") for n in range(2))))
    await room.post("duplicates")
    await performed(database)
    shown = await room.get("duplicates")
    [path] = set(re.findall(r'action="([^"]*duplicates/[^"]+)"', shown))
    first, second = re.findall(r'name="keep" value="([0-9a-f-]{36})"', shown)
    async with unit_of_work(database.app, library.id) as session:
        row = CatalogueRecord
        await session.execute(update(row).where(row.id == UUID(first)).values(suppressed=True))
    shown = await room.get("duplicates")
    assert re.findall(r'name="keep" value="([0-9a-f-]{36})"', shown) == [second]
    assert "读者看不到这一条" in shown
    refused = await room.post(path, keep=first)
    assert refused.status_code == 409
    assert "请保留另一条" in refused.text


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
    report = await room.get(report)
    assert "正在撤销" not in report
    assert "已撤销，保留 2 项" in report
    assert "撤销整个导入" in report


async def test_only_cataloguers_come_in(room: Room, mint: Mint) -> None:
    for grant, status in (("desk", 403), ("administrator", 200)):
        headers = {**mint.staff(f"{grant}@{room.code}"), "accept": "text/html"}
        answer = await room.client.get(room.at(""), headers=headers)
        assert answer.status_code == status


async def test_a_record_is_hidden_shown_taken_out_of_stock_and_back_by_buttons(
    room: Room, bring: Import
) -> None:
    await bring(file_of(book("7"), book("8", items=["W8"])))
    assert "本馆没有此控制号或编号的记录" in await room.get("records", number="9")
    opened = await room.client.get(room.at("records?number=7"), headers=room.headers)
    path = opened.headers["location"]
    buttons = {"hide": "show", "show": "hide", "withdraw": "restore", "restore": "withdraw"}
    for pressed, then in buttons.items():
        shown = await room.get(path)
        assert (f'value="{pressed}"' in shown, f'value="{then}"' in shown) == (True, False)
        assert (await room.post(path, act=pressed)).headers["location"] == path
        shown = await room.get(path)
        assert (f'value="{then}"' in shown, f'value="{pressed}"' in shown) == (True, False)
    assert (await room.post(path, act="burn")).status_code == 400
    other = await room.client.get(room.at("records?number=8"), headers=room.headers)
    held = await room.get(other.headers["location"])
    assert "在藏 1 册" in held
    assert 'value="withdraw"' not in held
    assert (await room.post(other.headers["location"], act="withdraw")).status_code == 409


async def test_of_several_agencies_records_one_is_chosen(room: Room, bring: Import) -> None:
    other = book("7", "三国演义")
    other["003"].data = "OTHER"
    await bring(file_of(book("7"), other))
    shown = await room.get("records", number="7")
    assert "多条记录使用此控制号" in shown
    paths = re.findall(r'href="([^"]*/cataloguing/records/[^"]+)"', shown)
    assert len(paths) == 2
    assert sum(["三国演义" in await room.get(path) for path in paths]) == 1


async def test_records_of_another_branch_are_neither_found_nor_touched(
    room: Room, bring: Import, neighbour: Tenant, database: Database, library: Tenant, mint: Mint
) -> None:
    await bring(file_of(book("7")))
    async with unit_of_work(database.app, library.id) as session:
        [id] = await session.scalars(select(CatalogueRecord.id))
    theirs = Room(room.client, mint.staff(f"cataloguer@{neighbour.code}"), neighbour.code)
    for number in ("7", str(id)):
        assert "本馆没有此控制号或编号的记录" in await theirs.get("records", number=number)
    assert (await theirs.post(f"records/{id}", act="hide")).status_code == 404
    answer = await theirs.client.get(theirs.at(f"records/{id}"), headers=theirs.headers)
    assert answer.status_code == 404
    async with unit_of_work(database.app, library.id) as session:
        assert not await session.scalar(select(CatalogueRecord.suppressed))
