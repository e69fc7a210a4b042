"""A trial tells what the import that follows does, and leaves nothing of it."""

import csv
from io import StringIO
from itertools import count
from typing import Any
from uuid import UUID

import httpx
import pymarc
import pytest
from books import Import, begin, book, file_of, look, performed
from marcs import iso
from mint import Mint
from sqlalchemy import func, select, update

from pinakes.platform.bustle import BUSTLE
from pinakes.platform.db import Database, public_work, unit_of_work
from pinakes.platform.directory import Tenant
from pinakes.platform.jobs import Job, JobDue, JobState, Run
from pinakes.platform.messages import Outbox
from pinakes.tenants.catalogue import batches
from pinakes.tenants.catalogue.expiring import expire
from pinakes.tenants.catalogue.models import Authority, CatalogueRecord, Tried
from pinakes.tenants.items.models import Item

pytestmark = pytest.mark.anyio

PIECE = 10
JUNK = b"00099nam a2200000 a 4500rubbish\x1d"


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many portions of a small file; none waits for a desk."""
    monkeypatch.setattr(batches, "PIECE", PIECE)
    monkeypatch.setattr(batches, "RECORDS", PIECE)
    monkeypatch.setattr(BUSTLE, "seen", float("-inf"))


def wrong(record: bytes) -> bytes:
    """The same with a length that has to be put right."""
    return b"00999" + record[5:]


def moved(number: str) -> pymarc.Record:
    """One of the books, its copy under another call number."""
    record = book(number, f"书{number}", items=[f"B{number}"])
    record["952"]["o"] = "I242/2"
    return record


def every_kind() -> bytes:
    """What an import can meet, and all of it again, portions later, as it was or otherwise."""
    heading = iso("001 h", "100 1_ $aCao, Xueqin", leader="nz  a i ")
    gone = book("gone", "已删")
    gone.leader = "00000dam a2200000 a 4500"  # type: ignore[assignment]
    return file_of(
        *(book(str(n), f"书{n}", items=[f"B{n}"]) for n in range(25)),
        heading,
        gone,
        JUNK,
        book("untitled", ""),
        wrong(book("put right", "改正", items=["P"]).as_marc()),
        book("", "无号", items=["N"]),
        book("old", "新名", items=["old"]),
        book("same", "没变", items=["same"]),
        *(book(f"x{n}", f"另{n}") for n in range(25)),
        book("3", "书3", items=["B3"]),  # as before
        book("4", "改了", items=["B4"]),
        book("5", "书5", items=["B5", "B5a"]),
        book("other", "同码", items=["B6", "空 格", "old"]),
        book("", "无号", items=["N"]),
        wrong(heading),
        book("put right", "改正", items=["P"]),
        wrong(book("7", "书7改", items=["B7"]).as_marc()),
        moved("8"),
        moved("9"),
        JUNK,
        *(book(f"y{n}", f"又{n}") for n in range(25)),
        book("4", "书4", items=["B4"]),  # back again
        book("old", "旧名"),
        moved("9"),
    )


async def numbers(database: Database, library: Tenant, *tables: Any) -> list[int]:
    async with unit_of_work(database.app, library.id) as session:
        rows = [select(func.count()).select_from(table) for table in tables]
        return [await session.scalar(row) or 0 for row in rows]


def told(job: Job) -> dict[str, Any]:
    assert job.state is JobState.DONE, job.failure
    assert job.report
    return {name: value for name, value in job.report.items() if name != "dry_run"}


@pytest.fixture
async def lines(client: httpx.AsyncClient, mint: Mint, library: Tenant) -> Any:
    """The report of an import as a table, its counts aside."""

    async def lines(job: Job) -> list[tuple[str, ...]]:
        address = f"/v1/b/{library.code}/catalogue/imports/{job.id}/report.csv"
        answer = await client.get(address, headers=mint.staff(f"desk@{library.code}"))
        table = csv.DictReader(StringIO(answer.content.decode("utf-8-sig")))
        return sorted(tuple(row.values()) for row in table if row["what"] != "count")

    return lines


@pytest.fixture
async def stocked(bring: Import) -> None:
    await bring(file_of(book("old", "旧名", items=["old"]), book("same", "没变", items=["same"])))


@pytest.mark.usefixtures("stocked")
async def test_a_trial_tells_and_names_all_that_the_import_does(
    bring: Import, lines: Any, database: Database, library: Tenant
) -> None:
    tables = CatalogueRecord, Authority, Item, Outbox
    before = await numbers(database, library, *tables)
    trial = await bring(every_kind(), dry_run=True)
    assert await numbers(database, library, *tables) == before
    real = await bring(every_kind())
    assert told(trial) == told(real)
    named = await lines(trial)
    assert named == await lines(real)
    report = told(real)
    assert min(report[count] for count in ("new", "updated", "unchanged", "quarantined")) > 1
    assert min(report["items"][count] for count in ("updated", "unchanged", "duplicates")) > 0
    assert {line[0] for line in named} == {"quarantined", "item", "repaired", "updated"}


async def test_what_a_trial_has_to_know_goes_with_it(
    bring: Import, database: Database, library: Tenant
) -> None:
    await bring(every_kind(), dry_run=True)
    async with unit_of_work(database.app, library.id) as session:
        rows = (await session.scalars(select(Tried))).all()
    named = {row.was["control_number"]: row.repairs for row in rows}
    right = ["length_corrected"]
    assert named == {"put right": right, "7": right}, "what the report names, and nothing else"


class Crash(BaseException):
    """The worker is gone."""


async def stopped(
    database: Database, library: Tenant, monkeypatch: pytest.MonkeyPatch, after: int
) -> UUID:
    """A trial whose worker was killed amid the portion that follows so many."""
    id, step, steps = await begin(database, library, every_kind(), dry_run=True), Run.step, count()

    async def step_or_crash(run: Run, *told: Any, **named: Any) -> None:
        if run.id == id and next(steps) == after:
            raise Crash
        await step(run, *told, **named)

    with monkeypatch.context() as patch:
        patch.setattr(Run, "step", step_or_crash)
        with pytest.raises(Crash):
            await performed(database)
    return id


@pytest.mark.usefixtures("stocked")
async def test_a_trial_that_was_killed_goes_on_and_tells_the_truth(
    bring: Import,
    lines: Any,
    database: Database,
    library: Tenant,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    id = await stopped(database, library, monkeypatch, after=7)
    half = await look(database, library, id)
    assert half.report
    assert 0 < half.report["read"] < every_kind().count(b"\x1d") / 1.2
    async with public_work(database.carrier) as session:  # as if its lease had ended
        await session.execute(
            update(JobDue).where(JobDue.id == id).values(due_at=JobDue.created_at)
        )
    await performed(database)
    trial = await look(database, library, id)
    assert trial.attempt == 2
    real = await bring(every_kind())
    assert told(trial) == told(real)
    assert await lines(trial) == await lines(real)


async def test_what_an_ended_trial_has_left_is_forgotten(
    database: Database, library: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    id = await stopped(database, library, monkeypatch, after=3)
    async with unit_of_work(database.app, library.id) as session:
        await expire(session)
        assert (await session.scalars(select(Tried.id))).all(), "it may yet go on"
        await session.execute(update(Job).where(Job.id == id).values(state=JobState.CANCELLED))
        await expire(session)
        assert (await session.scalars(select(Tried.id).where(Tried.repairs == []))).all() == []


async def test_a_piece_of_a_trial_is_named_and_no_more(
    bring: Import, client: httpx.AsyncClient, mint: Mint, library: Tenant
) -> None:
    trial = await bring(file_of(book("1"), JUNK), dry_run=True)
    root, staff = f"/v1/b/{library.code}/catalogue", mint.staff(f"cataloguer@{library.code}")
    answer = await client.get(f"{root}/imports/{trial.id}/quarantine", headers=staff)
    [piece] = answer.json()["items"]
    assert (piece["size"], piece["byte_offset"]) == (0, len(file_of(book("1"))))
    assert piece["zh"] != piece["en"]
    where = f"{root}/quarantine/{piece['id']}"
    answers = [
        await client.get(where, headers=staff),
        await client.get(f"{where}/text", headers=staff),
        await client.post(f"{where}/mend", headers=staff, json={}),
        await client.post(f"{where}/discard", headers=staff),
    ]
    assert [(one.status_code, one.json()["code"]) for one in answers] == [(409, "only_tried")] * 4
