"""Files in the bucket have their time; what is known of them stays."""

from uuid import UUID

import pytest
from books import HANDLERS, Import, book, file_of, look, send
from sqlalchemy import text

from pinakes.platform.db import Database, unit_of_work
from pinakes.platform.directory import Tenant
from pinakes.platform.jobs import JobState
from pinakes.platform.objects import ObjectMissing, Store, objects
from pinakes.platform.performer import perform
from pinakes.tenants.catalogue import exporting, service, takeout
from pinakes.tenants.catalogue.expiring import expire
from pinakes.tenants.catalogue.giving import ExportWish
from pinakes.tenants.catalogue.schemas import ImportWish
from pinakes.tenants.registry import placement

pytestmark = pytest.mark.anyio

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
