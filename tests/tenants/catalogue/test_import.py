"""A file comes in whole: every record counted, nothing lost, nothing doubled."""

import gzip
from typing import Any

import pytest
from books import Import, begin, book, file_of, look, performed
from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError

from pinakes.platform.db import Database, unit_of_work
from pinakes.platform.directory import Tenant
from pinakes.platform.jobs import Job, JobState, Run, cancel, start
from pinakes.platform.messages import Outbox
from pinakes.tenants.catalogue.marc import sentence
from pinakes.tenants.catalogue.marc.framing import KEPT, LIMIT
from pinakes.tenants.catalogue.models import Authority, CatalogueRecord, ItemTrouble, Quarantined
from pinakes.tenants.items.models import Item

pytestmark = pytest.mark.anyio

COUNTS = ("read", "new", "updated", "unchanged", "quarantined")


@pytest.fixture
def rows(database: Database, library: Tenant) -> Any:
    """How many rows the library has of each table named."""

    async def rows(*tables: Any) -> list[int]:
        async with unit_of_work(database.app, library.id) as session:
            counts = [select(func.count()).select_from(table) for table in tables]
            return [await session.scalar(count) or 0 for count in counts]

    return rows


def report(job: Job) -> dict[str, Any]:
    assert job.state is JobState.DONE, job.failure
    assert job.report
    return job.report


def counts(job: Job) -> tuple[int, ...]:
    return tuple(report(job)[name] for name in COUNTS)


async def test_a_file_comes_in_and_a_second_time_changes_nothing(bring: Import, rows: Any) -> None:
    file = file_of(*(book(str(n), f"书名{n}", items=[f"B{n}"]) for n in range(2500)))
    assert counts(await bring(file)) == (2500, 2500, 0, 0, 0)
    [told] = await rows(Outbox)
    job = await bring(file)
    assert counts(job) == (2500, 0, 0, 2500, 0)
    assert report(job)["items"]["unchanged"] == 2500
    assert job.done == job.total == len(file)
    assert await rows(CatalogueRecord, Item) == [2500, 2500]
    assert await rows(Outbox) == [told], "nothing changed, so nothing is told"


async def test_a_record_that_says_something_else_is_updated_in_its_place(
    bring: Import, database: Database, library: Tenant
) -> None:
    await bring(file_of(book("1", "旧名"), book("2", "另一本")))
    job = await bring(file_of(book("1", "新名"), book("2", "另一本")))
    assert counts(job) == (2, 0, 1, 1, 0)
    async with unit_of_work(database.app, library.id) as session:
        titles = await session.scalars(select(CatalogueRecord.title_fields["title"].astext))
        assert sorted(titles) == ["另一本", "新名"]


async def test_a_record_without_a_number_is_known_by_what_it_says(bring: Import, rows: Any) -> None:
    file = file_of(book("", "无号"), book("", "无号"), book("", "另一本"))
    assert counts(await bring(file)) == (3, 2, 0, 1, 0)
    assert counts(await bring(file)) == (3, 0, 0, 3, 0)
    assert await rows(CatalogueRecord) == [2]


async def test_a_number_that_comes_twice_in_a_file_counts_twice_and_the_last_stays(
    bring: Import, database: Database, library: Tenant
) -> None:
    file = file_of(book("7", "第一次", items=["A"]), book("7", "第二次", items=["B"]))
    job = await bring(file)
    assert counts(job) == (2, 1, 1, 0, 0)
    async with unit_of_work(database.app, library.id) as session:
        row = (await session.scalars(select(CatalogueRecord))).one()
        assert row.title_fields["title"] == "第二次"
    assert report(job)["items"]["new"] == 2


async def test_what_cannot_be_read_is_kept_with_its_reason_and_place(
    bring: Import, database: Database, library: Tenant
) -> None:
    good, junk = book("1").as_marc(), b"00099nam a2200000 a 4500rubbish\x1d"
    untitled = book("2", "")
    job = await bring(file_of(good, junk, untitled))
    assert counts(job) == (3, 1, 0, 0, 2)
    assert sum(report(job)["reasons"].values()) == 2
    async with unit_of_work(database.app, library.id) as session:
        pieces = (await session.scalars(select(Quarantined).order_by(Quarantined.ordinal))).all()
    assert [(one.ordinal, one.byte_offset, one.raw) for one in pieces] == [
        (2, len(good), junk),
        (3, len(good) + len(junk), untitled.as_marc()),
    ]
    assert pieces[1].reason == "no_title"


async def test_of_what_never_ends_only_the_first_bytes_are_kept(
    bring: Import, database: Database, library: Tenant
) -> None:
    good = book("1").as_marc()
    job = await bring(gzip.compress(good + b"x" * (2 * LIMIT) + b"\x1d" + good))
    assert report(job)["reasons"] == {"too_long": 2}
    async with unit_of_work(database.app, library.id) as session:
        pieces = (await session.scalars(select(Quarantined).order_by(Quarantined.ordinal))).all()
    assert [one.byte_offset for one in pieces] == [len(good), len(good) + LIMIT]
    assert [one.raw for one in pieces] == [b"x" * KEPT] * 2
    for one in pieces:
        told = sentence(one.reason, one.facts, "en")
        assert f"Of these {one.facts['actual']} bytes the first {KEPT} are kept" in told


async def test_headings_are_kept_apart_and_what_its_source_deleted_is_marked(
    bring: Import, rows: Any, database: Database, library: Tenant
) -> None:
    heading, deleted = book("A1"), book("D1", "已删")
    heading.leader = "00000nz  a2200000n  4500"  # type: ignore[assignment]
    deleted.leader = "00000dam a2200000 a 4500"  # type: ignore[assignment]
    job = await bring(file_of(heading, deleted, book("A1")))
    assert counts(job) == (3, 3, 0, 0, 0)
    assert (report(job)["authorities"], report(job)["deleted"]) == (1, 1)
    assert await rows(CatalogueRecord, Authority) == [2, 1]
    async with unit_of_work(database.app, library.id) as session:
        states = await session.scalars(select(CatalogueRecord.state))
        assert sorted(states) == ["deleted", "live"]


async def test_a_barcode_that_two_records_claim_stays_with_the_first(
    bring: Import, database: Database, library: Tenant
) -> None:
    twice = file_of(book("1", items=["X", "Y"]), book("2", "另一本", items=["X", "空 格"]))
    job = await bring(twice)
    assert report(job)["items"] == {
        "read": 4, "new": 2, "updated": 0, "unchanged": 0, "duplicates": 1, "refused": 1,
    }  # fmt: skip
    later = await bring(file_of(book("3", "第三本", items=["Y"])))
    assert report(later)["items"]["duplicates"] == 1
    async with unit_of_work(database.app, library.id) as session:
        troubles = (await session.scalars(select(ItemTrouble).order_by(ItemTrouble.id))).all()
    told = [(one.ordinal, one.barcode, one.reason) for one in troubles]
    assert sorted(told) == [
        (1, "Y", "duplicate_barcode"),
        (2, "X", "duplicate_barcode"),
        (2, "空 格", "item_refused"),
    ]


async def test_a_dry_run_tells_the_same_and_writes_nothing(bring: Import, rows: Any) -> None:
    tables = (CatalogueRecord, Item, Outbox)
    await bring(file_of(book("1", items=["A"])))
    before = await rows(*tables)
    file = file_of(book("1", "改了", items=["A"]), book("2", items=["B"]), book("3", ""))
    job = await bring(file, dry_run=True)
    assert counts(job) == (3, 1, 1, 0, 1)
    assert report(job)["items"]["new"] == 1
    assert await rows(*tables) == before
    assert counts(await bring(file)) == (3, 1, 1, 0, 1)


async def test_characters_that_a_database_cannot_hold_are_dropped_from_what_is_shown(
    bring: Import, database: Database, library: Tenant
) -> None:
    job = await bring(file_of(book("1\x00", "空\x00字"), book("9" * 4000, "长号")))
    assert counts(job)[1] == 2
    async with unit_of_work(database.app, library.id) as session:
        first = select(CatalogueRecord).where(CatalogueRecord.control_number == "1")
        row = (await session.scalars(first)).one()
        assert (row.title_fields["title"], b"\x00" in row.raw) == ("空字", True)


@pytest.fixture(params=["small", "large"])
def size(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A large file is read in a process of its own."""
    if request.param == "large":
        monkeypatch.setattr("pinakes.tenants.catalogue.jobs.LARGE", 0)


@pytest.mark.usefixtures("size")
async def test_a_file_of_any_size_comes_in(bring: Import, rows: Any) -> None:
    books = [book(str(n), f"书名{n}", items=[f"B{n}"]) for n in range(1200)]
    job = await bring(file_of(*books[:600], b"00099nam a2200000 a 4500rubbish\x1d", *books[600:]))
    assert counts(job) == (1201, 1200, 0, 0, 1)
    assert await rows(CatalogueRecord, Item, Quarantined) == [1200, 1200, 1]


@pytest.mark.usefixtures("size")
async def test_a_file_that_is_no_marc_is_refused(bring: Import) -> None:
    job = await bring("题名,作者\n红楼梦,曹雪芹\n".encode())
    assert (job.state, job.failure, job.report) == (JobState.FAILED, "unknown_format", None)


async def test_a_cancelled_import_keeps_its_finished_batches_and_the_next_one_goes_on(
    bring: Import, database: Database, library: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = file_of(*(book(str(n), f"书{n}") for n in range(30)))
    monkeypatch.setattr("pinakes.tenants.catalogue.batches.PIECE", 10)
    step = Run.step

    async def step_and_stop(run: Run, *told: Any, **named: Any) -> None:
        await step(run, *told, **named)
        run.cancelled = True

    with monkeypatch.context() as patch:
        patch.setattr(Run, "step", step_and_stop)
        id = await begin(database, library, file)
        await performed(database)
    job = await look(database, library, id)
    assert job.report
    assert (job.state, job.report["read"], job.report["new"]) == (JobState.CANCELLED, 10, 10)
    assert counts(await bring(file)) == (30, 20, 0, 10, 0)


async def test_the_database_refuses_a_report_that_does_not_add_up(
    database: Database, library: Tenant
) -> None:
    async with unit_of_work(database.app, library.id) as session:
        job = await start(session, "catalogue.import", {})
        await cancel(session, job.id)
        wrong = dict.fromkeys(COUNTS, 1)
        with pytest.raises(IntegrityError, match="every_record_counts"):
            await session.execute(update(Job).where(Job.id == job.id).values(report=wrong))
        await session.rollback()
