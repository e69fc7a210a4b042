"""pinakes catalogue imports, report, quarantine, duplicates: what the cataloguer's pages do."""

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from books import Import, book, commanded, file_of
from click.testing import Result
from marcs import iso
from mint import Mint
from sqlalchemy import select

from pinakes.platform.db import Database, unit_of_work
from pinakes.platform.directory import Tenant
from pinakes.tenants.catalogue.duplicates import start_search
from pinakes.tenants.catalogue.models import CatalogueRecord

pytestmark = pytest.mark.anyio

type Command = Callable[..., Awaitable[Result]]

UNTITLED = iso("001 7", "040 __ $aX")
RUSSIAN = iso("001 5", "200 1_ $aВойна и мир", "801 _0 $bX", encoding="windows-1251")
TWICE = file_of(*(book(number, "红楼梦", isbn="9787020002207") for number in ("1", "2")))


@pytest.fixture
def command(database: Database, library: Tenant) -> Command:
    """Gives a command about the library, beside a worker."""

    async def command(*words: object) -> Result:
        return await commanded(database, *map(str, words), "--branch", library.code)

    return command


async def told(command: Command, *words: object) -> Any:
    """What the command tells programs."""
    result = await command(*words, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout.splitlines()[-1])


async def titles(database: Database, library: Tenant) -> list[str]:
    async with unit_of_work(database.app, library.id) as session:
        rows = await session.scalars(select(CatalogueRecord).order_by(CatalogueRecord.id))
        return [row.title_fields["title"] for row in rows]


async def test_imports_are_listed_newest_first_and_page_by_page(
    command: Command, bring: Import
) -> None:
    first, second = await bring(file_of(book("1"))), await bring(file_of(book("2")))
    page = await told(command, "imports", "--limit", 1)
    assert [one["id"] for one in page["items"]] == [str(second.id)]
    rest = await told(command, "imports", "--after", page["next"])
    assert ([one["id"] for one in rest["items"]], rest["next"]) == ([str(first.id)], None)
    lines = (await command("imports", "--limit", "1")).output.splitlines()
    assert lines[0].startswith(str(second.id))
    assert lines[0].endswith("done  test.mrc  read 1, new 1")
    assert lines[1] == f"There are more: --after {page['next']}"
    refused = await command("imports", "--after", "nonsense")
    assert (refused.exit_code, "cursor_malformed" in refused.output) == (1, True)


async def test_the_list_of_imports_is_the_same_over_http(
    command: Command, bring: Import, client: httpx.AsyncClient, mint: Mint, library: Tenant
) -> None:
    await bring(file_of(book("1")))
    answer = await client.get(
        f"/v1/b/{library.code}/catalogue/imports",
        headers=mint.staff(f"cataloguer@{library.code}"),
    )
    assert answer.json() == await told(command, "imports")
    assert answer.json()["items"][0]["file"]["name"] == "test.mrc"


async def test_the_report_of_an_earlier_import_is_told_and_written_as_a_table(
    command: Command, bring: Import, tmp_path: Path
) -> None:
    job = await bring(file_of(book("1")) + UNTITLED)
    await command("undo", job.id)
    view = await told(command, "report", job.id)
    assert (view["report"]["quarantined"], len(view["undos"])) == (1, 1)
    lines = [one.split() for one in (await command("report", job.id)).output.splitlines()]
    assert ["quarantined", "1"] in lines
    assert ["undo", view["undos"][0]] in lines
    table = tmp_path / "report.csv"
    assert (await command("report", job.id, "--csv", table)).exit_code == 0
    assert "quarantined,no_title," in table.read_text("utf-8-sig")
    assert "no_such_import" in (await command("report", view["undos"][0])).output


async def test_a_stored_report_is_told_in_the_lines_of_the_import_itself(
    command: Command, tmp_path: Path
) -> None:
    file, junk = tmp_path / "books.mrc", b"00099nam a2200000 a 4500rubbish\x1d"
    file.write_bytes(file_of(book("1", items=["A"]), book("2")) + UNTITLED + junk * 2)
    *lines, last = (await command("import", file)).stdout.splitlines()
    own = lines[[one.split()[:1] for one in lines].index(["read"]) :]
    stored = (await command("report", last.split()[1])).stdout.splitlines()
    assert (stored[1:], len(own)) == (own, 11)


async def test_a_piece_is_shown_with_its_bytes_and_read_again_in_the_right_set(
    command: Command, bring: Import, database: Database, library: Tenant, tmp_path: Path
) -> None:
    job = await bring(RUSSIAN)
    [piece] = (await told(command, "quarantine", "list", job.id))["items"]
    assert piece["zh"] in (await command("quarantine", "list", job.id)).output
    raw = tmp_path / "piece.mrc"
    shown = await command("quarantine", "show", piece["id"], "--raw", raw)
    assert (raw.read_bytes(), "�" in shown.output) == (RUSSIAN, True)
    told_right = await told(
        command, "quarantine", "show", piece["id"], "--encoding", "windows-1251"
    )
    assert "Война и мир" in told_right["text"]
    for words in (["--encoding", "klingon"], []):
        refused = await command("quarantine", "retry", piece["id"], *words)
        code = "unknown_encoding" if words else "still_unreadable"
        assert (refused.exit_code, code in refused.output) == (1, True), refused.output
    done = await told(command, "quarantine", "retry", piece["id"], "--encoding", "windows-1251")
    assert (await titles(database, library), bool(done["became"])) == (["Война и мир"], True)
    assert "mended_already" in (await command("quarantine", "retry", piece["id"])).output


LINES = "245 10 $aA book after all\n001 7"
MENDED = {
    "lines": LINES.encode(),
    "lines of Windows": b"\xef\xbb\xbf" + LINES.replace("\n", "\r\n").encode(),
    "ISO 2709": file_of(book("7", "A book after all")),
    "MARCXML": b'<collection xmlns="http://www.loc.gov/MARC21/slim"><record>'
    b"<leader>00000nam a2200000 a 4500</leader><controlfield tag='001'>7</controlfield>"
    b"<datafield tag='245' ind1='1' ind2='0'><subfield code='a'>A book after all</subfield>"
    b"</datafield></record></collection>",
}
NOT_ONE = {
    "two records": TWICE,
    "lines in no Unicode": "245 10 $aВойна".encode("koi8-r"),
    "no lines at all": b"Dear colleague, here is the record.",
    "nothing": b"",
    "no title": UNTITLED,
}


async def test_a_corrected_file_takes_the_place_of_a_piece_and_another_is_discarded(
    command: Command, bring: Import, database: Database, library: Tenant, tmp_path: Path
) -> None:
    job, file = await bring(UNTITLED * (len(MENDED) + 1)), tmp_path / "corrected"
    *pieces, other = (await told(command, "quarantine", "list", job.id))["items"]
    for name, body in NOT_ONE.items():
        file.write_bytes(body)
        refused = await command("quarantine", "mend", other["id"], file)
        assert (refused.exit_code, "still_unreadable" in refused.output) == (1, True), name
    for piece, (name, body) in zip(pieces, MENDED.items(), strict=True):
        file.write_bytes(body)
        done = await command("quarantine", "mend", piece["id"], file)
        assert done.output.startswith("It is the record "), (name, done.output)
    assert set(await titles(database, library)) == {"A book after all"}
    assert (await told(command, "quarantine", "discard", other["id"]))["state"] == "discarded"
    again = await command("quarantine", "discard", other["id"])
    assert again.stdout.startswith("It is discarded")
    report = (await told(command, "report", job.id))["report"]
    assert (report["mended"], report["discarded"]) == (len(MENDED), 1)


async def test_two_titles_alike_are_listed_shown_and_decided_on(
    command: Command, bring: Import, database: Database, library: Tenant
) -> None:
    await bring(TWICE)
    async with unit_of_work(database.app, library.id) as session:
        await start_search(session)
    assert (await command("duplicates", "search")).exit_code == 0
    [pair] = (await told(command, "duplicates", "list"))["items"]
    [line] = (await command("duplicates", "list")).output.splitlines()
    assert line.split("  ") == [pair["id"], "isbn_title", "open", "1 红楼梦", "2 红楼梦"]
    assert "9787020002207" in (await command("duplicates", "show", pair["id"])).output
    decided = await command("duplicates", "decide", pair["id"], "different")
    assert decided.stdout.split("  ")[:3] == [pair["id"], "isbn_title", "different"]
    assert (await told(command, "duplicates", "list"))["items"] == []
    refused = await command("duplicates", "decide", pair["id"], "same")
    assert (refused.exit_code, "neither_of_them" in refused.output) == (1, True)
    done = await told(command, "duplicates", "decide", pair["id"], "same", "--keep", "2")
    assert (done["verdict"], done["first"]["withdrawn"]) == ("same", True)
    [one] = (await told(command, "duplicates", "list", "--verdict", "same"))["items"]
    assert (await told(command, "duplicates", "show", one["id"])) == one
    assert "decided_already" in (await command("duplicates", "decide", one["id"], "open")).output


async def test_no_command_reaches_what_is_another_branch_s(
    bring: Import, command: Command, database: Database, other_library: Tenant
) -> None:
    job = await bring(TWICE + UNTITLED)
    assert (await command("duplicates", "search")).exit_code == 0
    [pair] = (await told(command, "duplicates", "list"))["items"]
    [piece] = (await told(command, "quarantine", "list", job.id))["items"]
    for code, words in {
        "no_such_import": ["report", str(job.id)],
        "no_such_import ": ["quarantine", "list", str(job.id)],
        "no_such_quarantined": ["quarantine", "show", piece["id"]],
        "no_such_quarantined ": ["quarantine", "discard", piece["id"]],
        "no_such_duplicate": ["duplicates", "show", pair["id"]],
        "no_such_duplicate ": ["duplicates", "decide", pair["id"], "different"],
        "There is nothing here": ["imports"],
    }.items():
        result = await commanded(database, *words, "--branch", other_library.code)
        assert code.strip() in result.output, words
