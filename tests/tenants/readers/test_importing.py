"""Readers come in from a table, line by line, as often as one likes."""

import asyncio
import csv
import json
import os
import sys
from asyncio.subprocess import PIPE
from functools import partial
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from issuing import Issuer
from lending import Desk
from mint import Mint
from registering import find
from sqlalchemy import delete, select, text, update

from pinakes.platform.admin import NoSuchAccount, WrongCredentials
from pinakes.platform.config import Settings
from pinakes.platform.db import Database, public_work, unit_of_work
from pinakes.platform.jobs import JobDue, Run
from pinakes.platform.login import Accounts
from pinakes.platform.performer import perform
from pinakes.tenants.readers import exporting, importing, numbers
from pinakes.tenants.readers.importing import KIND, bring_in
from pinakes.tenants.readers.models import ReaderLine
from pinakes.tenants.readers.table import decoded

pytestmark = pytest.mark.anyio

TABLE = """\
card,name,kind,born,contact,pin,old_barcodes,expires
C1,王小明,child,2015-02-03,ada@example.org,274915,O1;O2,2030-12-31
C2,欧阳,adult,,,,,
,Grace,adult,,,,O3,
C4,,adult,,,,,
C5,Alan,adult,,,,O1,
"""


class Office:
    """The administrator of a branch, with a worker at hand."""

    def __init__(self, desk: Desk, mint: Mint, database: Database, accounts: Accounts) -> None:
        self.desk, self.database = desk, database
        self.headers = mint.staff(f"administrator@{desk.here.code}")
        self.handlers = {KIND: partial(bring_in, accounts=accounts)}

    async def send(self, data: str | bytes, **asked: Any) -> Any:
        return await self.desk.client.post(
            f"/v1/b/{self.desk.here.code}/readers/import",
            content=data.encode() if isinstance(data, str) else data,
            params=asked,
            headers=self.headers,
        )

    async def bring(self, data: str | bytes, **asked: Any) -> tuple[dict[str, Any], list[Any]]:
        """The report of a whole import, and the lines that it tells of."""
        answer = await self.send(data, **asked)
        assert answer.status_code == 202, answer.text
        id = answer.json()["id"]
        while await perform(self.database, self.handlers):
            pass
        job = await self.look(f"/jobs/{id}")
        assert job["state"] == "done", job
        lines: list[Any] = []
        after: str | None = "0"
        while after is not None:
            page = await self.look(f"/readers/import/{id}/lines?limit=3&after={after}")
            lines, after = lines + page["items"], page["next"]
        return job["report"], lines

    async def look(self, path: str) -> Any:
        address = f"/v1/b/{self.desk.here.code}{path}"
        return (await self.desk.client.get(address, headers=self.headers)).json()


@pytest.fixture
async def office(desk: Desk, mint: Mint, database: Database, accounts: Accounts) -> Office:
    async with public_work(database.carrier) as session:
        await session.execute(delete(JobDue))  # of other tests
    return Office(desk, mint, database, accounts)


async def test_every_line_is_told_of(office: Office) -> None:
    report, lines = await office.bring(TABLE)
    assert report == {
        "lines": 5,
        "created": 3,
        "updated": 0,
        "unchanged": 0,
        "refused": 2,
        "reasons": {"name_missing": 1, "barcode_twice": 1},
        "dry_run": False,
    }
    assert [line["outcome"] for line in lines] == [*["created"] * 3, *["refused"] * 2]
    assert lines[4] == {
        "line": 6,
        "outcome": "refused",
        "code": "barcode_twice",
        "zh": "前面的一行已有此条码",
        "en": "A line above has the same barcode",
    }


async def test_what_came_in_is_there(office: Office, accounts: Accounts) -> None:
    await office.bring(TABLE)
    child = (await find(office.desk, "O2")).json()["reader"]
    told = {name: child[name] for name in ("name", "reader_kind", "born", "contact", "until")}
    assert told == {
        "name": "王小明",
        "reader_kind": "child",
        "born": "2015-02-03",
        "contact": "ada@example.org",
        "until": "2030-12-31",
    }
    grace = (await find(office.desk, "O3")).json()["reader"]
    cards = (await office.desk.look(f"/readers/{grace['id']}"))["cards"]
    assert sorted(card["old"] for card in cards) == [False, True]  # one of ours was issued
    for name in ("C1", "O1"):
        with pytest.raises(WrongCredentials, match="changed"):  # the PIN fits; it is a first one
            await accounts.direct_token("readers", f"{name}@{office.desk.here.code}", "274915")


async def test_a_second_run_changes_nothing(office: Office) -> None:
    await office.bring(TABLE)
    report, _ = await office.bring(TABLE)
    assert (report["created"], report["updated"], report["unchanged"]) == (0, 0, 3)


async def test_a_later_table_updates_and_leaves_alone_what_it_does_not_name(
    office: Office,
) -> None:
    await office.bring(TABLE)
    report, _ = await office.bring("card,name,old_barcodes\nC1,王大明,O9\nC2,欧阳,\n")
    assert (report["updated"], report["unchanged"]) == (1, 1)
    child = (await find(office.desk, "O9")).json()["reader"]
    assert (child["name"], child["reader_kind"], child["contact"]) == (
        ("王大明", "child", "ada@example.org")
    )


async def test_barcodes_of_two_readers_are_not_one_readers(office: Office) -> None:
    await office.bring(TABLE)
    _, (line,) = await office.bring("card,name,old_barcodes\nC1,王小明,C2\n")
    assert (line["outcome"], line["code"]) == ("refused", "barcodes_of_several")


async def test_what_another_branch_issues_does_not_come_in_as_a_barcode(office: Office) -> None:
    one, other = numbers.issue(99_998), numbers.issue(99_998)
    _, lines = await office.bring(f"card,name,old_barcodes\n{one},Eve,\nC9,Eve,{other}\n")
    told = [(line["outcome"], line["code"]) for line in lines]
    assert told == [("refused", "card_of_another")] * 2


async def test_the_same_barcodes_may_be_another_branchs_too(
    office: Office, away: Desk, mint: Mint, database: Database, accounts: Accounts
) -> None:
    await office.bring(TABLE)
    report, _ = await Office(away, mint, database, accounts).bring(TABLE)
    assert report["created"] == 3
    assert (await find(office.desk, "C1")).json()["home"] == office.desk.here.code
    assert (await find(away, "C1")).json()["home"] == away.here.code


async def test_a_dry_run_tells_all_and_changes_nothing(office: Office) -> None:
    first, _ = await office.bring(TABLE, dry_run=True)
    assert (first["created"], first["dry_run"]) == (3, True)
    assert (await office.desk.look("/readers"))["items"] == []
    await office.bring("card,name\nC1,x\n")
    report, _ = await office.bring(TABLE, dry_run=True)
    assert (report["created"], report["updated"]) == (2, 1)
    assert (await find(office.desk, "C1")).json()["name"] == "x"


async def test_an_import_that_is_cut_off_goes_on_and_makes_nobody_twice(
    office: Office, database: Database, accounts: Accounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "BATCH", 1)
    id = (await office.send(TABLE)).json()["id"]
    turns = iter(range(100))

    async def cut_off(self: Run, *args: Any, **told: Any) -> None:
        """The accounts of the second batch are made, and then the worker is gone."""
        if next(turns) == 1:
            raise ConnectionResetError
        await whole(self, *args, **told)

    whole = Run.step
    monkeypatch.setattr(Run, "step", cut_off)
    await perform(database, office.handlers)
    assert (await office.look(f"/jobs/{id}"))["done"] == 3  # and two lines were refused before
    async with public_work(database.carrier) as session:
        await session.execute(update(JobDue).values(due_at=JobDue.created_at))
    await perform(database, office.handlers)
    assert (await office.look(f"/jobs/{id}"))["report"]["created"] == 3
    assert len((await office.desk.look("/readers"))["items"]) == 3
    second = (await find(office.desk, "C2")).json()["reader"]
    await office.desk.ask(f"/readers/{second['id']}/pin", {"pin": "815274"})
    with pytest.raises(WrongCredentials, match="changed"):
        await accounts.direct_token("readers", f"C2@{office.desk.here.code}", "815274")


async def test_nothing_personal_stays_behind(office: Office, database: Database) -> None:
    await office.bring(TABLE)
    async with unit_of_work(database.app, office.desk.here.id) as session:
        rows = (await session.scalars(select(ReaderLine))).all()
        jobs = (await session.execute(text("SELECT job::text FROM job"))).scalars().all()
    assert [row.cells for row in rows] == [None] * 5
    assert not any(word in job for job in jobs for word in ("王", "C1", "274915"))


async def kept(office: Office) -> list[Any]:
    async with unit_of_work(office.database.app, office.desk.here.id) as session:
        return list((await session.scalars(select(ReaderLine.cells).order_by("line"))).all())


async def test_an_import_that_ends_badly_keeps_no_names_and_no_pins(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    id = (await office.send(TABLE)).json()["id"]
    assert any(cells and cells["pin"] == "274915" for cells in await kept(office))
    path = f"/v1/b/{office.desk.here.code}/jobs/{id}/cancel"
    assert (await office.desk.client.post(path, headers=office.headers)).status_code == 200
    assert await kept(office) == [None] * 5

    async def impossible(run: Run) -> None:
        raise NoSuchAccount("Nothing can be done about it.")

    monkeypatch.setitem(office.handlers, KIND, impossible)
    id = (await office.send(TABLE)).json()["id"]
    while await perform(office.database, office.handlers):
        pass
    assert (await office.look(f"/jobs/{id}"))["state"] == "failed"
    assert await kept(office) == [None] * 10


@pytest.mark.parametrize("at_once", [1, 1000])
async def test_what_went_out_comes_in_unchanged(
    office: Office, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr(exporting, "AT_ONCE", at_once)
    await office.bring(TABLE + 'C6,"=HYPERLINK(1)",adult,,+86 10,,-7,\n')
    address = f"/v1/b/{office.desk.here.code}/readers/export"
    answer = await office.desk.client.get(address, headers=office.headers)
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    cells = [cell for row in csv.reader(StringIO(decoded(answer.content))) for cell in row]
    assert not any(cell.startswith(("=", "+", "-")) for cell in cells)
    report, _ = await office.bring(answer.content)
    assert (report["unchanged"], report["lines"]) == (4, 4)


async def test_a_file_that_is_no_table_is_refused_whole(office: Office) -> None:
    for data in (b"", b"\xff\xfe\x00", b"card,salary\n", b'card,name\nA,"x\n'):
        answer = await office.send(data)
        assert (answer.status_code, answer.json()["code"]) == (400, "table_unreadable")


async def test_the_command_follows_the_job_and_tells_of_every_line(
    office: Office, settings: Settings, issuer: Issuer, tmp_path: Path
) -> None:
    file = tmp_path / "readers.csv"
    file.write_text(TABLE)
    told = {
        "PINAKES_DATABASE": settings.database.get_secret_value(),
        "PINAKES_CARRIER": settings.carrier.get_secret_value(),
        "PINAKES_PUBLIC": settings.public.get_secret_value(),
        "PINAKES_ISSUER": issuer.address,
    }
    words = ["readers", "import", str(file), "--branch", office.desk.here.code, "--json"]
    command = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "pinakes.main", *words),
        env={**os.environ, **told},
        stdout=PIPE,
    )
    answer = asyncio.create_task(command.communicate())
    while not answer.done():
        await perform(office.database, office.handlers)
        await asyncio.sleep(0.05)
    report = json.loads((await answer)[0])
    assert (report["state"], report["created"], report["refused"]) == ("done", 3, 2)
    assert command.returncode == 1  # as every import does that refused a line
    assert [line["line"] for line in report["told"]] == [2, 3, 4, 5, 6]


async def test_only_the_administrator_moves_whole_tables(office: Office) -> None:
    office.headers = office.desk.headers
    assert (await office.send(TABLE)).status_code == 403
    assert (await office.look("/readers/export"))["code"] == "forbidden"
