"""pinakes catalogue import: the same path beside the database, followed to its end."""

import json
import logging
from pathlib import Path
from typing import Any

import pytest
from books import book, commanded, file_of
from click.testing import CliRunner, Result
from sqlalchemy import update

from pinakes.platform.command import work
from pinakes.platform.db import Database, unit_of_work
from pinakes.platform.directory import Tenant
from pinakes.platform.doors import Doors
from pinakes.tenants.catalogue.cli import catalogue
from pinakes.tenants.catalogue.marc.sheet import HEADINGS
from pinakes.tenants.items.models import Item

pytestmark = pytest.mark.anyio


@pytest.fixture
def command(database: Database, library: Tenant, tmp_path: Path) -> Any:
    """Imports a file with the command, beside a worker."""

    async def command(file: bytes, *words: str) -> Result:
        path = tmp_path / "books.mrc"
        path.write_bytes(file)
        return await commanded(database, "import", str(path), "--branch", library.code, *words)

    return command


async def test_the_last_line_is_the_report_as_one_object(command: Any) -> None:
    file = file_of(book("1", items=["A"]), b"00099nam a2200000 a 4500rubbish\x1d")
    result = await command(file, "--json")
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout.splitlines()[-1])
    assert list(report)[:5] == ["read", "new", "updated", "unchanged", "quarantined"]
    assert (report["read"], report["new"], report["quarantined"]) == (2, 1, 1)
    assert (report["reasons"], report["encodings"]) == ({"directory_unreadable": 1}, {"utf-8": 1})
    assert (report["authorities"], report["deleted"], report["items"]["new"]) == (0, 0, 1)


async def test_an_import_is_taken_back_by_its_id(
    command: Any, database: Database, library: Tenant
) -> None:
    brought = await command(file_of(book("1", items=["A"])), "--json")
    line = ["undo", json.loads(brought.stdout)["id"], "--branch", library.code, "--json"]
    result = await commanded(database, *line)
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    assert report["records"] == report["items"] == {"removed": 1, "restored": 0, "kept": 0}


async def test_what_an_undo_leaves_is_named_with_its_title_and_the_reason(
    command: Any, database: Database, library: Tenant
) -> None:
    brought = await command(file_of(book("1", items=["A"])), "--json")
    async with unit_of_work(database.app, library.id) as session:
        await session.execute(update(Item).values(status="lent", version=Item.version + 1))
    line = ["undo", json.loads(brought.stdout)["id"], "--branch", library.code]
    told = (await commanded(database, *line)).stdout
    assert "item  A  红楼梦  Lent since / 此后已借出" in told
    assert "record  1  红楼梦" in told


def test_the_help_names_every_column_of_a_table_of_items() -> None:
    said = CliRunner().invoke(catalogue, ["items", "--help"]).output.splitlines()
    columns = {line.split()[0].rstrip(",") for line in said if line.startswith("    ")}
    assert columns >= HEADINGS.keys()


async def test_people_are_told_in_lines(command: Any) -> None:
    result = await command(file_of(book("1")), "--dry-run")
    assert result.exit_code == 0, result.output
    assert any(line.split() == ["new", "1"] for line in result.stdout.splitlines())


def test_a_database_that_stops_makes_no_command_loud(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(logging.root, "handlers", [])  # as in a command, which has set up no log

    async def lose(_: Doors) -> None:
        logging.getLogger("asyncpg.pool").warning("the floor")

    work(Path(), lose)
    assert capsys.readouterr().err == ""


async def test_a_file_that_is_no_marc_ends_with_its_code(command: Any) -> None:
    result = await command(b"no marc at all")
    assert result.exit_code == 1
    assert "unknown_format" in result.output


async def test_a_branch_that_is_not_there_ends_with_its_code(command: Any) -> None:
    result = await command(file_of(book("1")), "--branch", "nowhere")
    assert result.exit_code == 1
    assert "no_such_branch" in result.output
