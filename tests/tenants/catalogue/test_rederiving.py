"""What is indexed of a record can be made again without its file."""

import asyncio

import pytest
from books import HANDLERS, Import, book, file_of, look
from marcs import iso
from sqlalchemy import func, select, text, update

from pinakes.platform.db import Database, unit_of_work
from pinakes.platform.directory import Tenant
from pinakes.platform.messages import Outbox
from pinakes.platform.performer import perform
from pinakes.tenants.catalogue import rederiving
from pinakes.tenants.catalogue.models import CatalogueRecord
from pinakes.tenants.catalogue.storing import ALONE

WAITS = text("""
    SELECT count(*) FROM pg_locks w WHERE NOT granted AND EXISTS (
        SELECT FROM pg_locks l JOIN pg_database d ON d.oid = l.database
        WHERE l.pid = w.pid AND d.datname = current_database())
""")

pytestmark = pytest.mark.anyio


async def test_what_was_derived_wrongly_is_right_again_and_told(
    bring: Import, database: Database, library: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rederiving, "AT_ONCE", 3)
    chinese = iso("001 8", "200 1_ $a西游记", "801 _0 $bX", encoding="gb18030")
    await bring(file_of(*(book(str(n), f"书{n}") for n in range(8)), chinese))
    async with unit_of_work(database.app, library.id) as session:
        rows = (CatalogueRecord.id, CatalogueRecord.title_fields, CatalogueRecord.sort_key)
        before = (await session.execute(select(*rows).order_by(CatalogueRecord.id))).all()
        told = await session.scalar(select(func.count()).select_from(Outbox))
        wrong = update(CatalogueRecord).values(title_fields={"title": "?"}, sort_key="?")
        await session.execute(wrong.where(CatalogueRecord.control_number.in_(["2", "5", "8"])))
        job = await rederiving.start_rederiving(session)
    while await perform(database, HANDLERS):
        pass
    done = await look(database, library, job.id)
    assert done.report == {"read": 9, "changed": 3, "unreadable": 0}
    async with unit_of_work(database.app, library.id) as session:
        after = (await session.execute(select(*rows).order_by(CatalogueRecord.id))).all()
        news = await session.scalar(select(func.count()).select_from(Outbox))
    assert after == before
    assert "xi you ji" in {row.sort_key for row in after}
    assert (news or 0) > (told or 0)


async def test_after_a_crash_it_goes_on_behind_the_last_portion(
    bring: Import, database: Database, library: Tenant
) -> None:
    await bring(file_of(*(book(str(n), f"书{n}") for n in range(6))))
    async with unit_of_work(database.app, library.id) as session:
        ids = list(await session.scalars(select(CatalogueRecord.id).order_by(CatalogueRecord.id)))
        await session.execute(update(CatalogueRecord).values(sort_key="?"))
        job = await rederiving.start_rederiving(session)
        job.memo, job.report = {"after": str(ids[3])}, {"read": 4, "changed": 4, "unreadable": 0}
    while await perform(database, HANDLERS):
        pass
    done = await look(database, library, job.id)
    assert done.report == {"read": 6, "changed": 6, "unreadable": 0}
    async with unit_of_work(database.app, library.id) as session:
        untouched = select(CatalogueRecord.id).where(CatalogueRecord.sort_key == "?")
        assert sorted(await session.scalars(untouched)) == ids[:4]


async def test_what_an_import_writes_meanwhile_is_not_lost(
    bring: Import, database: Database, library: Tenant
) -> None:
    await bring(file_of(book("1", "旧题")))
    async with unit_of_work(database.app, library.id) as session:
        await session.execute(update(CatalogueRecord).values(title_fields={"title": "?"}))
        await rederiving.start_rederiving(session)
    async with unit_of_work(database.app, library.id) as importing:
        await importing.execute(ALONE)
        said = {"raw": book("1", "新题").as_marc(), "title_fields": {"title": "新题"}}
        await importing.execute(update(CatalogueRecord).values(**said))
        beside = asyncio.create_task(perform(database, HANDLERS))
        while not (await importing.scalar(WAITS) or beside.done()):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    await beside
    async with unit_of_work(database.app, library.id) as session:
        title = await session.scalar(select(CatalogueRecord.title_fields["title"].astext))
    assert title == "新题"
