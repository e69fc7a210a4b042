"""Files in the bucket have their time; what is known of them stays."""

from uuid import UUID

import httpx
import pytest
from books import HANDLERS, Import, book, file_of, look, send
from mint import Mint
from sqlalchemy import func, select, text

from pinakes.platform.db import Database, unit_of_work
from pinakes.platform.directory import Tenant
from pinakes.platform.jobs import Job, JobState
from pinakes.platform.objects import ObjectMissing, Store, objects
from pinakes.platform.performer import perform
from pinakes.tenants.catalogue import expiring, exporting, service, takeout
from pinakes.tenants.catalogue.expiring import NAMED, expire
from pinakes.tenants.catalogue.giving import ExportWish
from pinakes.tenants.catalogue.schemas import ImportWish
from pinakes.tenants.registry import placement

pytestmark = pytest.mark.anyio

JUNK = b"00099nam a2200000 a 4500rubbish\x1d"

AGED = ("UPDATE upload SET created_at = now() - interval '8 days'",
        "UPDATE job SET heartbeat = now() - interval '8 days'")  # fmt: skip


async def is_there(files: Store, key: str) -> bool:
    try:
        await files.get(key)
    except ObjectMissing:
        return False
    return True


async def test_uploads_and_exports_have_their_time(
    bring: Import, database: Database, library: Tenant
) -> None:
    job = await bring(file_of(book("1")))
    upload = UUID(job.args["upload"])
    async with unit_of_work(database.app, library.id) as session:
        export = (await exporting.start_export(session, ExportWish())).id
        packed = (await takeout.start_takeout(session)).id
        files = await placement.store(session, objects())
    while await perform(database, HANDLERS):
        pass
    keys = [service.key_of_upload(upload), *map(exporting.key_of_export, (export, packed))]
    async with unit_of_work(database.app, library.id) as session:
        await expire(session)
    assert [await is_there(files, key) for key in keys] == [True] * 3, "they are young"
    async with unit_of_work(database.app, library.id) as session:
        for order in AGED:
            await session.execute(text(order))
        young = await send(session, b"x")
        waiting = await send(session, b"y")
        await service.start_import(session, ImportWish(upload=waiting))
        await session.execute(text(AGED[0] + " WHERE id = :id"), {"id": waiting})
        await expire(session)
    assert [await is_there(files, key) for key in keys] == [False] * 3
    assert all([await is_there(files, service.key_of_upload(id)) for id in (young, waiting)])
    async with unit_of_work(database.app, library.id) as session:
        told = await service.import_view(session, job.id)
        assert told.file is not None
        assert told.file.name == "test.mrc"
        with pytest.raises(service.NoSuchUpload):
            await service.start_import(session, ImportWish(upload=upload))
        with pytest.raises(exporting.NotExported):
            await exporting.exported(session, export)
    assert (await look(database, library, export)).state is JobState.DONE


def every_name() -> bytes:
    """Something for each table that a trial names things in."""
    put_right = b"00999" + book("2", "改正").as_marc()[5:]
    twins = (book(number, "同码", items=["B1"]) for number in "34567")
    return file_of(book("1", "新名"), put_right, *twins, JUNK)


async def named(database: Database, library: Tenant, job: Job) -> list[int]:
    """How many rows of each table an import has left beside what it brought in."""
    async with unit_of_work(database.app, library.id) as session:
        rows = [select(func.count()).where(table.job_id == job.id) for table in NAMED]
        return [await session.scalar(row) or 0 for row in rows]


async def hour(database: Database, library: Tenant) -> None:
    async with unit_of_work(database.app, library.id) as session:
        await expire(session)


async def aged(database: Database, library: Tenant) -> None:
    """All jobs of the branch have ended a week ago, and its hour has come."""
    async with unit_of_work(database.app, library.id) as session:
        await session.execute(text(AGED[1]))
    await hour(database, library)


async def test_what_a_trial_has_named_has_its_time(
    bring: Import, database: Database, library: Tenant
) -> None:
    stock = [book(number, f"旧{number}") for number in "16789"]
    real = await bring(file_of(*stock, JUNK))
    again = await bring(file_of(book("1", "又名")))
    trial = await bring(every_name(), dry_run=True)
    jobs = real, again, trial
    assert {job.state for job in jobs} == {JobState.DONE}
    before = [await named(database, library, job) for job in jobs]
    assert min(before[2]) > 0, "something of each kind"
    await hour(database, library)
    assert [await named(database, library, job) for job in jobs] == before, "it is young"
    await aged(database, library)
    assert await named(database, library, trial) == [0] * len(NAMED)
    assert [await named(database, library, job) for job in jobs[:2]] == before[:2], "no trials"
    assert sum(map(sum, before[:2])) > 1


async def test_the_report_of_an_old_trial_says_that_its_names_are_gone(
    bring: Import, database: Database, library: Tenant, client: httpx.AsyncClient, mint: Mint
) -> None:
    trial = await bring(every_name(), dry_run=True)
    await aged(database, library)
    headers = mint.staff(f"cataloguer@{library.code}") | {"Accept-Language": "en"}
    address = f"/b/{library.code}/cataloguing/imports/{trial.id}"
    for place in (address, f"{address}/quarantine", f"{address}/items"):
        answer = await client.get(place, headers=headers)
        assert "has had its time; its counts stay" in answer.text, place
    address = f"/v1/b/{library.code}/catalogue/imports/{trial.id}"
    assert (await client.get(f"{address}/report", headers=headers)).json()["report"] == trial.report
    table = (await client.get(f"{address}/report.csv", headers=headers)).text
    assert {line.split(",")[0] for line in table.splitlines()[1:]} == {"count"}


async def test_only_the_latest_trials_keep_what_they_have_named_and_little_goes_at_once(
    bring: Import, database: Database, library: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(expiring, "TRIALS", 1)
    monkeypatch.setattr(expiring, "ROWS", 2)
    books = [book(number, f"书{number}") for number in "12345"]
    brought = file_of(*books, *[JUNK] * 3)
    first, last = [await bring(brought, dry_run=True) for _ in range(2)]
    left: list[int] = []
    for _ in range(2):
        await hour(database, library)
        left.append((await named(database, library, first))[0])
    assert left == [1, 0]
    assert (await named(database, library, last))[0] == 3
