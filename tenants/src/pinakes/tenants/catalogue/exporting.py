"""A branch's catalogue on its way out: a file in its bucket, made by a job."""

from functools import partial
from tempfile import TemporaryFile
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.platform import jobs
from pinakes.platform.audit import note
from pinakes.platform.errors import Conflict
from pinakes.platform.jobs import Job, JobState, Run
from pinakes.platform.objects import objects
from pinakes.tenants.catalogue.giving import ExportWish, Given, Source, portions, source
from pinakes.tenants.registry import placement

EXPORT = "catalogue.export"
GONE = {"file": "gone"}  # the memo of a job whose file has had its time


class NotExported(Conflict):
    code = "not_exported"
    title = "There is no file of this export"


def key_of_export(id: UUID) -> str:
    """Where the file of an export lies in the branch's bucket."""
    return f"exports/{id}"


async def start_export(session: AsyncSession, wish: ExportWish) -> Job:
    """Queue an export."""
    job = await jobs.start(session, EXPORT, msgspec.to_builtins(wish))
    note(session, EXPORT, job.id)
    return job


async def exported(session: AsyncSession, id: UUID) -> Source:
    """What an export holds whose file lies in the bucket, or NotExported."""
    return source(wish_of((await done(session, id, EXPORT)).args))


async def done(session: AsyncSession, id: UUID, kind: str) -> Job:
    """A job of that kind that has made its file, or NotExported."""
    job = await jobs.found(session, id)
    if job.kind != kind or job.state is not JobState.DONE:
        raise NotExported("Wait until the job is done, or begin it again.")
    if job.memo == GONE:
        raise NotExported("Its file has had its time. Begin the job again.")
    return job


def wish_of(args: dict[str, Any]) -> ExportWish:
    return msgspec.convert(args, ExportWish, strict=False)


async def run_export(run: Run) -> dict[str, Any]:
    """Write the file and lay it into the bucket; after a crash, from the beginning."""
    rows, given = source(wish_of(run.args)), Given()
    async with run.parting_work() as session:
        files, total = await placement.store(session, objects()), await rows.count(session)
    with TemporaryFile() as file:
        seen = partial(run.step, total=total)
        async for body, until_now in portions(rows, run.parting_work, seen):
            file.write(body)
            given = until_now
        given.size = file.tell()
        file.seek(0)
        await files.put(key_of_export(run.id), file, rows.kind)
    told: dict[str, Any] = msgspec.to_builtins(given)
    return told
