"""A whole import is taken back; what somebody changed or lent since stays, and is listed."""

from typing import Any

import asyncpg
import pytest
from books import HANDLERS, Import, book, file_of, look, performed, send
from sqlalchemy import func, select, text, update

from pinakes.main.embedded.postgres import Postgres
from pinakes.platform.db import Database, unit_of_work
from pinakes.platform.directory import Tenant
from pinakes.platform.former import Former
from pinakes.platform.jobs import Job, JobState, Run
from pinakes.tenants.catalogue import service
from pinakes.tenants.catalogue.models import Authority, CatalogueRecord, Kept
from pinakes.tenants.catalogue.schemas import SheetWish
from pinakes.tenants.catalogue.undoing import ROWS, START, run_undo, take_records_back
from pinakes.tenants.items.models import Item

pytestmark = pytest.mark.anyio

TABLES = (CatalogueRecord, Authority, Item)


@pytest.fixture
def undo(database: Database, library: Tenant) -> Any:
    """Takes an import back and returns the job when it has ended."""

    async def undo(job: Job) -> Job:
        async with unit_of_work(database.app, library.id) as session:
            id = (await service.start_undo(session, job.id)).id
        await performed(database)
        ended = await look(database, library, id)
        assert ended.state is JobState.DONE, ended.failure
        return ended

    return undo


@pytest.fixture
def everything(database: Database, library: Tenant) -> Any:
    """Every row of the branch's catalogue as it stands, but for versions and times."""

    async def everything() -> list[Any]:
        async with unit_of_work(database.app, library.id) as session:
            return [
                sorted(
                    tuple(
                        getattr(row, column.name)
                        for column in table.__table__.columns
                        if column.name not in ("version", "changed_at", "title_fields")
                    )
                    for row in await session.scalars(select(table))
                )
                for table in TABLES
            ]

    return everything


@pytest.fixture
def listed(database: Database, library: Tenant) -> Any:
    async def listed(undo: Job) -> list[tuple[str, str, str]]:
        async with unit_of_work(database.app, library.id) as session:
            rows = await session.scalars(service.kept(undo.id))
            return sorted((row.kind, row.known_as, row.reason) for row in rows)

    return listed


def heading(number: str, name: str) -> Any:
    made = book(number, name)
    made.leader = "00000nz  a2200000n  4500"  # type: ignore[assignment]
    return made


async def test_what_it_made_goes_and_what_it_changed_is_as_before(
    bring: Import, undo: Any, everything: Any
) -> None:
    await bring(file_of(book("1", "旧", items=["A", "B"]), heading("H", "旧"), book("2", "同")))
    before = await everything()
    second = book("1", "新", items=["A", "C"])
    second["952"]["o"] = "K9"
    job = await bring(
        file_of(second, heading("H", "新"), heading("I", "新"), book("2", "同"), book("3"))
    )
    assert job.report
    assert (job.report["new"], job.report["updated"]) == (2, 2)
    undone = await undo(job)
    assert await everything() == before
    assert undone.report == {
        "records": {"removed": 1, "restored": 1, "kept": 0},
        "authorities": {"removed": 1, "restored": 1, "kept": 0},
        "items": {"removed": 1, "restored": 1, "kept": 0},
    }
    again = await undo(job)
    assert not any(count for told in again.report.values() for count in told.values())


async def test_a_record_that_one_import_wrote_twice_goes_back_to_before_the_first(
    bring: Import, undo: Any, everything: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pinakes.tenants.catalogue.batches.PIECE", 2)
    await bring(file_of(book("1", "甲", items=["A"])))
    before = await everything()
    change = [book("1", f"甲{n}", items=["A"]) for n in range(5)]
    for n, one in enumerate(change):
        one["952"]["o"] = f"K{n}"
    job = await bring(file_of(*change, book("9", items=["X"]), book("9", items=["X"])))
    await undo(job)
    assert await everything() == before


async def test_imports_are_taken_back_last_first(
    bring: Import, undo: Any, everything: Any, listed: Any
) -> None:
    first = await bring(file_of(book("1", "一", items=["A"]), book("2", "二")))
    stood = await everything()
    second = await bring(file_of(book("1", "壹", items=["A"])))
    kept = await undo(first)
    assert await listed(kept) == [("record", "1", "changed_since")]
    assert kept.report["records"] == {"removed": 1, "restored": 0, "kept": 1}
    await bring(file_of(book("2", "二")))
    await undo(second)
    assert [row[3] for row in (await everything())[0]] == [row[3] for row in stood[0]]


async def test_what_was_lent_or_changed_since_stays_and_is_listed(
    bring: Import, undo: Any, listed: Any, database: Database, library: Tenant
) -> None:
    job = await bring(
        file_of(book("1", items=["LENT", "FREE"]), book("2", "二", items=["DESK"]), book("3"))
    )
    async with unit_of_work(database.app, library.id) as session:
        for barcode, values in (("LENT", {"status": "lent"}), ("DESK", {"call_number": "K"})):
            change = update(Item).where(Item.barcode == barcode)
            await session.execute(change.values(version=Item.version + 1, **values))
    kept = await undo(job)
    assert await listed(kept) == [
        ("item", "DESK", "changed_since"),
        ("item", "LENT", "lent_since"),
        ("record", "1", "still_used"),
        ("record", "2", "still_used"),
    ]
    assert kept.report["items"] == {"removed": 1, "restored": 0, "kept": 2}


async def test_an_undo_that_was_cut_off_goes_on_behind_its_last_portion(
    bring: Import,
    undo: Any,
    database: Database,
    library: Tenant,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("pinakes.tenants.catalogue.undoing.ROWS", 10)
    job = await bring(file_of(*(book(str(n), f"书{n}", items=[f"B{n}"]) for n in range(35))))
    step, cuts = Run.step, 0

    async def cut(run: Run, *told: Any, **named: Any) -> None:
        nonlocal cuts
        await step(run, *told, **named)
        cuts += 1
        if cuts % 3 == 0:
            raise ConnectionResetError("cut off")

    async def patient(run: Run) -> Any:
        while True:
            try:
                return await run_undo(run)
            except ConnectionResetError:
                kept = await look(database, library, run.id)
                run.memo, run.report = kept.memo or {}, kept.report

    monkeypatch.setattr(Run, "step", cut)
    monkeypatch.setitem(HANDLERS, service.UNDO, patient)
    undone = await undo(job)
    assert (undone.report["records"]["removed"], undone.report["items"]["removed"]) == (35, 35)
    async with unit_of_work(database.app, library.id) as session:
        counts = [select(func.count()).select_from(table) for table in (*TABLES, Former, Kept)]
        assert [await session.scalar(count) for count in counts] == [0, 0, 0, 0, 0]


async def test_only_an_import_that_has_ended_can_be_taken_back(
    database: Database, library: Tenant, bring: Import, undo: Any
) -> None:
    job = await bring(file_of(book("1")))
    undone = await undo(job)
    with pytest.raises(service.NoSuchImport):
        await undo(undone)
    async with unit_of_work(database.app, library.id) as session:
        await session.execute(update(Job).where(Job.id == job.id).values(state="running"))
    with pytest.raises(service.ImportRuns):
        await undo(job)


async def test_a_table_of_items_is_taken_back_too(
    bring: Import, undo: Any, everything: Any, database: Database, library: Tenant
) -> None:
    await bring(file_of(book("1", items=["A"])))
    before = await everything()
    async with unit_of_work(database.app, library.id) as session:
        sheet = b"barcode,control_number,call_number\nA,1,K9\nB,1,K9\n"
        id = (await service.start_sheet(session, SheetWish(await send(session, sheet)))).id
    await performed(database)
    job = await look(database, library, id)
    assert job.report
    assert (job.report["new"], job.report["updated"]) == (1, 1)
    undone = await undo(job)
    assert undone.report["items"] == {"removed": 1, "restored": 1, "kept": 0}
    assert await everything() == before


FORMERS = """
    INSERT INTO former (tenant_id, id, job_id, kind, row_id, was)
    SELECT $1, gen_random_uuid(), $2, 'record', gen_random_uuid(),
           jsonb_build_object('import_id', CASE WHEN n % 2 = 0 THEN gen_random_uuid() ELSE $3 END)
    FROM generate_series(1, $4) n
"""
LOOKED = text("""
    SELECT seq_tup_read + coalesce(idx_tup_fetch, 0) FROM pg_stat_xact_user_tables
    WHERE relname = 'former'
""")
MANY = 20_000


async def test_a_portion_looks_through_no_more_than_its_size(
    bring: Import, database: Database, library: Tenant, postgres: Postgres
) -> None:
    """However much later imports have changed, of this one's rows and of others'."""
    first, later = [await bring(file_of(book("1", title))) for title in ("旧", "新")]
    strong = await asyncpg.connect(postgres.address("postgres"))
    await strong.execute(FORMERS, library.id, later.id, first.id, MANY)
    await strong.execute("ANALYZE former")
    await strong.close()
    async with unit_of_work(database.app, library.id) as session:
        before = await session.scalar(LOOKED) or 0
        done = await take_records_back(session, "record", first.id, START, later.id)
        looked = (await session.scalar(LOOKED) or 0) - before
        assert [one.reason for one in done.kept] == ["changed_since"]
    assert 0 < looked <= 2 * ROWS
