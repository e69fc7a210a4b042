"""An operator registers another cell, says which branches live there, and revokes it."""

import asyncio
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from commanding import beside
from conftest import MakeTenant

from pinakes.main.cli import main
from pinakes.platform.config import Settings
from pinakes.platform.db import Database
from pinakes.platform.directory import Directory

pytestmark = pytest.mark.anyio

type Say = Callable[..., Result]


@pytest.fixture
def say(settings: Settings) -> Iterator[Say]:
    """The command ``pinakes cells``."""
    with beside(settings):
        yield lambda *words: CliRunner().invoke(main, ["cells", *map(str, words)])


async def test_a_cell_joins_takes_a_branch_and_is_revoked(
    say: Say, make_tenant: MakeTenant, database: Database, tmp_path: Path
) -> None:
    branch = await make_tenant()
    key = (await asyncio.to_thread(say, "key", tmp_path / "east.pem")).output.strip()
    for words in (
        ("join", "east", "https://east.example.org/", key),
        ("settle", branch.code, "--cell", "east", "--epoch", 2),
    ):
        done = await asyncio.to_thread(say, *words)
        assert done.exit_code == 0, done.output
    directory = Directory()
    await directory.refresh(database.app)
    assert (directory.codes[branch.code].cell, directory.codes[branch.code].epoch) == ("east", 2)
    assert (await asyncio.to_thread(say, "revoke", "east")).exit_code == 0
    listed = json.loads((await asyncio.to_thread(say, "list", "--json")).output)["items"]
    [east] = [cell for cell in listed if cell["code"] == "east"]
    assert (east["address"], east["key"]) == ("https://east.example.org", key)
    assert east["revoked_at"] is not None


async def test_what_is_no_key_no_cell_and_no_branch_is_said_to_be_none(say: Say) -> None:
    for words, told in (
        (("join", "west", "https://west.example.org", "beef"), "64 hex digits"),
        (("revoke", "nowhere"), "no_such_cell"),
        (("settle", "nobody", "--epoch", 2), "no_such_branch"),
    ):
        done = await asyncio.to_thread(say, *words)
        assert done.exit_code != 0
        assert told in done.output
