"""What is told of an archive that comes in: every line counted once, what did not come in named."""

import dataclasses
import hashlib
import json
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import UUID
from zipfile import ZipFile

import pytest
from archives import brought_in, packed, running
from books import Import, begin, book, commanded, file_of, performed
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.main.features import BELONGINGS
from pinakes.platform.belongings import NAMED, Bring, Brought
from pinakes.platform.db import Database, unit_of_work
from pinakes.platform.directory import Tenant
from pinakes.platform.jobs import JobState
from pinakes.tenants.catalogue import takein
from pinakes.tenants.catalogue.belongings import Copy
from pinakes.tenants.catalogue.service import suppress
from pinakes.tenants.catalogue.withdrawing import numbered

pytestmark = pytest.mark.anyio

COUNTS = ("read", "new", "updated", "unchanged")


@pytest.fixture
async def archive(
    database: Database, library: Tenant, other_library: Tenant, bring: Import
) -> bytes:
    """Of the library; the other one has some of it, in part otherwise."""
    same = book("4")
    await bring(
        file_of(book("1", items=["A", "B"]), book("2", items=["C"]), book("3"), book("5"), same)
    )
    async with unit_of_work(database.app, library.id) as session:
        for number in ("1", "3"):
            await suppress(session, (await numbered(session, number)).id, True)
    await begin(
        database,
        other_library,
        file_of(book("1", "Another title", items=["A", "C"]), book("3"), book("5", "Other"), same),
    )
    await performed(database)
    return await packed(database, library)


async def test_every_line_is_counted_once_and_what_is_left_out_is_named(
    database: Database, other_library: Tenant, archive: bytes
) -> None:
    job = await brought_in(database, other_library, archive)
    assert job.report is not None
    files = job.report["files"]
    told = {name: tuple(one[count] for count in COUNTS) for name, one in files.items()}
    assert told["titles.jsonl"] == (5, 1, 3, 1), "one says something else, one is hidden, one both"
    assert told["items.jsonl"] == (3, 1, 0, 1)
    assert files["items.jsonl"]["left"] == {"barcode_taken": 1}
    assert files["items.jsonl"]["which"] == {"barcode_taken": ["C"]}
    for name, (read, *fates) in told.items():
        assert read == sum(fates) + sum(files[name]["left"].values()), name
    assert job.report["read"] == sum(read for read, *_ in told.values())


async def test_the_commands_tell_of_the_files_in_the_order_of_the_archive(
    database: Database, library: Tenant, other_library: Tenant, archive: bytes, tmp_path: Path
) -> None:
    out = tmp_path / "all.zip"
    given = await commanded(database, "takeout", str(out), "--branch", library.code)
    with ZipFile(out) as whole:
        packed = whole.namelist()[:-2]  # behind them the leaflet and the manifest
    shown = [line.split()[-1] for line in given.stdout.splitlines()]
    assert [name for name in shown if name in packed] == packed
    taken = await commanded(database, "takein", str(out), "--branch", other_library.code)
    said = [" ".join(line.split()) for line in taken.stdout.splitlines()]
    named = [name for line in said if (name := line.partition(" ")[0]) in packed]
    assert named == [name for name in packed if name in named]
    assert named[0] == "titles.jsonl"
    assert "items.jsonl read 3, new 1, unchanged 1, left 1" in said
    assert "left out barcode_taken 1: C" in said


def test_only_the_first_ones_are_named() -> None:
    whole = Brought()
    for _ in range(2):
        portion = Brought(read=NAMED - 1)
        for number in range(NAMED - 1):
            portion.leave("barcode_taken", str(number))
        whole.add(portion)
    assert (whole.read, whole.left["barcode_taken"]) == (2 * NAMED - 2, 2 * NAMED - 2)
    assert whole.which["barcode_taken"] == [*map(str, range(NAMED - 1)), "0"]


def repacked(archive: bytes, name: str, body: bytes) -> bytes:
    """The archive as somebody would have packed it with another *body* of one file."""
    new = BytesIO()
    with ZipFile(BytesIO(archive)) as old, ZipFile(new, "w") as whole:
        manifest = json.loads(old.read("manifest.json"))
        manifest["files"][name]["sha256"] = hashlib.sha256(body).hexdigest()
        for one in old.namelist():
            told = {name: body, "manifest.json": json.dumps(manifest).encode()}
            whole.writestr(one, told.get(one, old.read(one)))
    return new.getvalue()


COPY = {"record": "(TEST)2", "barcode": "D", "kind": "book", "call_number": ""} | dict.fromkeys(
    ("location", "copy", "price")
)
STRANGE: list[tuple[str, dict[str, Any]]] = [
    ("items.jsonl", COPY),  # without a status
    ("items.jsonl", COPY | {"status": "on_shelf", "barcode": "no good"}),
    ("duplicates.jsonl", {"records": ["(TEST)1"], "rule": "isbn_title", "verdict": "same"}),
    ("duplicates.jsonl", {"records": ["a", "b"], "rule": "isbn_title", "verdict": "perhaps"}),
    ("editions.jsonl", {"record": "(TEST)1", "edition": "one", "verdict": "split"}),
]


async def test_a_line_that_is_none_of_ours_ends_it_with_a_code(
    database: Database, other_library: Tenant, archive: bytes
) -> None:
    for name, line in STRANGE:
        strange = repacked(archive, name, json.dumps(line).encode() + b"\n")
        job = await brought_in(database, other_library, strange)
        assert (job.state, job.failure) == (JobState.FAILED, "no_takeout"), line


async def test_a_fault_of_our_own_is_no_fault_of_the_archive(
    database: Database, other_library: Tenant, archive: bytes
) -> None:
    async def stumble(session: AsyncSession, job: UUID, lines: Sequence[Copy]) -> Brought:
        raise KeyError(lines[0].barcode)

    faulty = [
        dataclasses.replace(one, bring=Bring(Copy, stumble)) if one.name == "items.jsonl" else one
        for one in BELONGINGS
    ]
    run = await running(database, other_library, archive)
    with pytest.raises(KeyError):
        await takein.run_takein(run, faulty)
