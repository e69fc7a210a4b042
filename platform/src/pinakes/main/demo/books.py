"""The catalogues of the sample consortium: one list of made-up books, shared out."""

import asyncio
from uuid import UUID

from pinakes.platform.db import Database, unit_of_work
from pinakes.platform.doors import Doors
from pinakes.platform.identity import Principal
from pinakes.platform.jobs import OPEN, found
from pinakes.tenants.catalogue import service as catalogue
from pinakes.tenants.catalogue.schemas import ImportWish
from pinakes.tenants.registry import placement
from pinakes.tenants.registry import service as registry

BOOKS = 120
LOOK = 0.1  # seconds between two looks at a job
PATIENCE = 60.0  # seconds; what is not done by then goes on in the worker


async def bring_books(doors: Doors, asker: Principal, code: str, marc: bytes) -> None:
    """Import a branch's share, by the path that any catalogue takes."""
    tenant, job = await start(doors, asker, code, marc)
    async with asyncio.timeout(PATIENCE):
        await done(doors.database, tenant, job)


async def start(doors: Doors, asker: Principal, code: str, marc: bytes) -> tuple[int, UUID]:
    """Upload the file into the branch's bucket, and ask for its import."""
    tenant = (await registry.found(doors.database, code)).id
    async with unit_of_work(doors.database.app, tenant, asker) as session:
        files = await placement.store(session, doors.objects)
        upload = await catalogue.uploaded(session, "sample.mrc", len(marc))
        await files.put(catalogue.key_of_upload(upload), marc)
        job = await catalogue.start_import(session, ImportWish(upload=upload))
    return tenant, job.id


async def done(database: Database, tenant: int, id: UUID) -> None:
    """Wait for the worker."""
    while True:
        async with unit_of_work(database.app, tenant) as session:
            if (await found(session, id)).state not in OPEN:
                return
        await asyncio.sleep(LOOK)
