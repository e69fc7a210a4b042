"""What a branch takes along, packed and brought in at another one; or made by hand."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from io import BytesIO
from typing import Any
from uuid import UUID
from zipfile import ZIP_DEFLATED, ZipFile

from books import look, performed, send
from sqlalchemy import select, update

from pinakes.platform.db import Database, unit_of_work
from pinakes.platform.directory import Tenant
from pinakes.platform.jobs import Job, JobState, Run
from pinakes.platform.objects import objects
from pinakes.tenants.catalogue import exporting, takein, takeout
from pinakes.tenants.catalogue.schemas import TakeinWish
from pinakes.tenants.registry import placement

COMING = (
    *("titles.jsonl", "titles.mrc", "authorities.jsonl", "authorities.mrc"),
    *("items.jsonl", "duplicates.jsonl", "editions.jsonl"),
)
COPY = ("barcode", "kind", "status", "call_number", "location", "copy", "price")


async def rows(database: Database, here: Tenant, table: Any, names: Sequence[str]) -> list[Any]:
    columns = [getattr(table, name) for name in names]
    async with unit_of_work(database.app, here.id) as session:
        found = await session.execute(select(*columns))
    return sorted((tuple(row) for row in found), key=repr)


async def packed(database: Database, here: Tenant) -> bytes:
    """The archive of a branch."""
    async with unit_of_work(database.app, here.id) as session:
        id = (await takeout.start_takeout(session)).id
        files = await placement.store(session, objects())
    await performed(database)
    return await files.get(exporting.key_of_export(id))


async def queued(database: Database, here: Tenant, archive: bytes) -> UUID:
    async with unit_of_work(database.app, here.id) as session:
        wish = TakeinWish(await send(session, archive))
        return (await takein.start_takein(session, wish)).id


async def brought_in(database: Database, here: Tenant, archive: bytes) -> Job:
    id = await queued(database, here, archive)
    await performed(database)
    return await look(database, here, id)


def manifest_of(archive: bytes) -> dict[str, Any]:
    with ZipFile(BytesIO(archive)) as whole:
        told: dict[str, Any] = json.loads(whole.read("manifest.json"))
    return told


def lines(archive: bytes, name: str) -> list[dict[str, Any]]:
    with ZipFile(BytesIO(archive)) as whole:
        return [json.loads(line) for line in whole.read(name).splitlines()]


async def running(database: Database, here: Tenant, archive: bytes) -> Run:
    """A takein that a worker has claimed."""
    id = await queued(database, here, archive)
    begun = update(Job).where(Job.id == id).values(state=JobState.RUNNING, attempt=1)
    async with unit_of_work(database.app, here.id) as session:
        args = await session.scalar(begun.returning(Job.args))
    assert args is not None
    return Run(database, here.id, id, 1, takein.TAKEIN, args, {})


def written(*rows: object) -> bytes:
    """JSON, a line for each row."""
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def forged(
    files: Mapping[str, bytes],
    *,
    left_out: Sequence[str] = (),
    unnamed: Sequence[str] = (),
    count: int = 1,
    way: int = ZIP_DEFLATED,
) -> bytes:
    """An archive with these files, as whoever means no good would pack it.

    *left_out* are not in the ZIP, though its manifest has them; *unnamed* the other way round.
    """
    whole, found = dict.fromkeys(COMING, b"") | dict(files), BytesIO()
    told: dict[str, Any] = {
        name: {"comes_in": True, "rows": count, "sha256": sha256(body).hexdigest(), "troubles": {}}
        for name, body in whole.items()
        if name not in unnamed
    }
    manifest = {"version": takeout.VERSION, "branch": "x", "made_at": datetime.now(UTC).isoformat()}
    with ZipFile(found, "w", way) as packed:
        for name, body in whole.items():
            if name not in left_out:
                packed.writestr(name, body)
        packed.writestr("manifest.json", json.dumps(manifest | {"files": told}))
    return found.getvalue()
