"""pinakes catalogue export, takeout, rederive, duplicates, suppress, withdraw."""

import csv
import hashlib
import json
from collections.abc import Awaitable, Callable
from io import StringIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import httpx
import pytest
from books import Import, book, commanded, file_of, performed
from click.testing import Result
from lending import enrol
from litestar import Litestar
from marcs import iso
from mint import Mint
from sqlalchemy import select

from pinakes.platform.command import OPERATOR
from pinakes.platform.db import Database, unit_of_work
from pinakes.platform.directory import Tenant
from pinakes.platform.objects import objects
from pinakes.tenants.catalogue.models import CatalogueRecord
from pinakes.tenants.registry.machine import Action
from pinakes.tenants.registry.service import NotTakenOut, act

pytestmark = pytest.mark.anyio

type Command = Callable[..., Awaitable[Result]]

UNTITLED = iso("001 5", "040 __ $aX")
HEADING = iso("001 4", "100 1_ $aCao, Xueqin", leader="nz  a i ")


@pytest.fixture
def command(database: Database, library: Tenant) -> Command:
    """Gives a command about the library, beside a worker."""

    async def command(*words: str) -> Result:
        return await commanded(database, *words, "--branch", library.code)

    return command


def last(result: Result) -> dict[str, object]:
    assert result.exit_code == 0, result.output
    told: dict[str, object] = json.loads(result.stdout.splitlines()[-1])
    return told


async def test_a_file_is_written_and_told_of(
    command: Command, bring: Import, tmp_path: Path
) -> None:
    file = file_of(book("1"), book("2"))
    await bring(file)
    out = tmp_path / "out.mrc"
    assert last(await command("export", str(out), "--json"))["read"] == 2
    assert out.read_bytes() == file
    table = tmp_path / "out.csv"
    assert "0 written" in (await command("export", str(table), "--format", "items")).output


async def test_whoever_leaves_takes_everything(
    command: Command,
    bring: Import,
    database: Database,
    library: Tenant,
    tmp_path: Path,
) -> None:
    file = file_of(book("1", items=["A", "B"]), book("2"))
    await bring(file + HEADING + UNTITLED)
    reader = await enrol(database, library)
    before = tmp_path / "before.zip"
    assert (await command("takeout", str(before))).exit_code == 0
    await act(database, OPERATOR, library.id, Action.LEAVE)
    with pytest.raises(NotTakenOut):
        await act(database, OPERATOR, library.id, Action.CLOSE)
    out = tmp_path / "all.zip"
    manifest: Any = last(await command("takeout", str(out), "--json"))
    with ZipFile(out) as whole:
        assert whole.read("titles.mrc") == file
        assert whole.read("authorities.mrc") == HEADING
        assert whole.read("aside.bin") == UNTITLED
        items = csv.DictReader(StringIO(whole.read("items.csv").decode("utf-8-sig")))
        assert [item["barcode"] for item in items] == ["A", "B"]
        assert reader.card in whole.read("readers.csv").decode()
        assert json.loads(whole.read("manifest.json")) == manifest
        digest = hashlib.sha256(file).hexdigest()
    assert manifest["files"]["titles.mrc"] == {
        "comes_in": True, "rows": 2, "sha256": digest, "troubles": {}, "reason": "",
    }  # fmt: skip
    single = tmp_path / "titles.mrc"
    assert last(await command("export", str(single), "--json"))["read"] == 2
    assert (await act(database, OPERATOR, library.id, Action.CLOSE)).state == "gone"
    for words in (["takeout", str(out)], ["export", str(single)]):
        assert "branch_not_active" in (await command(*words)).output


async def test_an_administrator_takes_everything_over_http_while_the_branch_leaves(
    bring: Import,
    client: httpx.AsyncClient,
    mint: Mint,
    library: Tenant,
    database: Database,
    app: Litestar,
) -> None:
    app.state["objects"] = objects()
    await bring(file_of(book("1")))
    await act(database, OPERATOR, library.id, Action.LEAVE)
    root, administrator = f"/v1/b/{library.code}", mint.staff(f"administrator@{library.code}")
    cataloguer = mint.staff(f"cataloguer@{library.code}")
    assert (await client.post(f"{root}/takeouts", headers=cataloguer)).status_code == 403
    refused = await client.get(f"{root}/catalogue/duplicates", headers=administrator)
    assert (refused.status_code, refused.json()["code"]) == (403, "branch_not_active")
    job = (await client.post(f"{root}/takeouts", headers=administrator)).json()["id"]
    file = f"{root}/takeouts/{job}/file"
    assert (await client.get(file, headers=administrator)).status_code == 409
    await performed(database)
    answer = await client.get(file, headers=administrator)
    assert (answer.status_code, answer.content[:2]) == (200, b"PK")
    assert (await client.get(f"{root}/jobs/{job}", headers=administrator)).json()["state"] == "done"
    other = f"{root}/catalogue/exports/{job}/file"
    assert (await client.get(other, headers=cataloguer)).status_code == 409
    wish = {"format": "marcxml"}
    begun = await client.post(f"{root}/catalogue/exports", json=wish, headers=cataloguer)
    await performed(database)
    given = await client.get(
        f"{root}/catalogue/exports/{begun.json()['id']}/file", headers=cataloguer
    )
    assert given.headers["content-type"] == "application/marcxml+xml"
    assert "红楼梦" in given.text
    await act(database, OPERATOR, library.id, Action.CLOSE)
    assert (await client.get(file, headers=administrator)).status_code in (403, 404)


async def test_records_are_hidden_withdrawn_and_brought_back(
    command: Command, bring: Import, database: Database, library: Tenant
) -> None:
    await bring(file_of(book("1"), book("2", items=["A"])))
    for words, told in (
        (("suppress", "1"), "hidden from readers"),
        (("withdraw", "1"), "out of stock"),
        (("withdraw", "1", "--undo"), "back in stock"),
    ):
        answer = await command(*words)
        assert (answer.exit_code, answer.output) == (0, f"1  红楼梦  {told}\n")
    async with unit_of_work(database.app, library.id) as session:
        rows = select(CatalogueRecord.suppressed, CatalogueRecord.withdrawn)
        found = (await session.execute(rows.order_by(CatalogueRecord.control_number))).all()
    assert [tuple(row) for row in found] == [(True, False), (False, False)]
    shown = last(await command("suppress", "1", "--undo", "--json"))
    assert (shown["control_number"], shown["suppressed"]) == ("1", False)
    assert "items_left" in (await command("withdraw", "2")).output
    assert "no_such_record" in (await command("suppress", "9")).output


async def test_derived_words_and_duplicates_are_made_by_command(
    command: Command, bring: Import
) -> None:
    await bring(file_of(book("1", isbn="9787020002207"), book("2", isbn="9787020002207")))
    assert last(await command("rederive", "--json"))["read"] == 2
    assert last(await command("duplicates", "search", "--json"))["found"] == 1
    assert "found" in (await command("duplicates", "search")).output
