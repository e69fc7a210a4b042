"""pinakes catalogue import: the same path beside the database, followed to its end."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from books import HANDLERS, book, file_of
from click.testing import CliRunner, Result

from pinakes.platform.db import Database
from pinakes.platform.directory import Tenant
from pinakes.platform.performer import perform
from pinakes.tenants.catalogue.cli import catalogue

pytestmark = pytest.mark.anyio


@pytest.fixture
def command(database: Database, library: Tenant, tmp_path: Path) -> Any:
    """Imports a file with the command, beside a worker."""

    async def command(file: bytes, *words: str) -> Result:
        path = tmp_path / "books.mrc"
        path.write_bytes(file)
        line = ["import", str(path), "--branch", library.code, *words]
        running = asyncio.create_task(asyncio.to_thread(CliRunner().invoke, catalogue, line))
        while not running.done():
            await perform(database, HANDLERS)
            await asyncio.sleep(0.05)
        return await running

    return command


async def test_the_last_line_is_the_report_as_one_object(command: Any) -> None:
    file = file_of(book("1", items=["A"]), b"00099nam a2200000 a 4500rubbish\x1d")
    result = await command(file, "--json")
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout.splitlines()[-1])
    assert list(report)[:5] == ["read", "new", "updated", "unchanged", "quarantined"]
    assert (report["read"], report["new"], report["quarantined"]) == (2, 1, 1)
    assert report["items"]["new"] == 1


async def test_an_import_is_taken_back_by_its_id(
    command: Any, database: Database, library: Tenant
) -> None:
    brought = await command(file_of(book("1", items=["A"])), "--json")
    line = ["undo", json.loads(brought.stdout)["id"], "--branch", library.code, "--json"]
    running = asyncio.create_task(asyncio.to_thread(CliRunner().invoke, catalogue, line))
    while not running.done():
        await perform(database, HANDLERS)
        await asyncio.sleep(0.05)
    result = await running
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    assert report["records"] == report["items"] == {"removed": 1, "restored": 0, "kept": 0}


async def test_people_are_told_in_lines(command: Any) -> None:
    result = await command(file_of(book("1")), "--dry-run")
    assert result.exit_code == 0, result.output
    assert any(line.split() == ["new", "1"] for line in result.stdout.splitlines())


async def test_a_file_that_is_no_marc_ends_with_its_code(command: Any) -> None:
    result = await command(b"no marc at all")
    assert result.exit_code == 1
    assert "unknown_format" in result.output


async def test_a_branch_that_is_not_there_ends_with_its_code(command: Any) -> None:
    result = await command(file_of(book("1")), "--branch", "nowhere")
    assert result.exit_code == 1
    assert "no_such_branch" in result.output
