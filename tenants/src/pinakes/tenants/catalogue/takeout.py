"""Everything that a branch takes along when it leaves, in one ZIP, nothing left out."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from tempfile import TemporaryFile
from typing import Any, BinaryIO
from uuid import UUID
from zipfile import ZIP_DEFLATED, ZipFile

import msgspec
from msgspec import Struct, field
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.platform import jobs
from pinakes.platform.audit import note
from pinakes.platform.jobs import Job, Run
from pinakes.platform.objects import objects
from pinakes.tenants.catalogue.exporting import key_of_export
from pinakes.tenants.catalogue.giving import (
    ExportWish,
    Form,
    Given,
    Open,
    Seen,
    What,
    portions,
    source,
)
from pinakes.tenants.readers import exporting
from pinakes.tenants.registry import placement

TAKEOUT = "catalogue.takeout"
KIND = "application/zip"
TAKEN = "catalogue.taken"  # functions.sql looks for it in the audit log
WISHES = (
    ExportWish(gone=True),
    ExportWish(what=What.AUTHORITIES, gone=True),
    ExportWish(what=What.ASIDE),
    ExportWish(format=Form.ITEMS),
)
READERS = "readers.csv"


class Packed(Struct):
    """One file of the ZIP."""

    rows: int = 0
    sha256: str = ""
    troubles: dict[str, int] = field(default_factory=dict[str, int])


type Manifest = dict[str, Packed]


async def start_takeout(session: AsyncSession) -> Job:
    """Queue it."""
    job = await jobs.start(session, TAKEOUT, {})
    note(session, TAKEOUT, job.id)
    return job


async def run_takeout(run: Run) -> dict[str, Any]:
    """Pack the ZIP and lay it into the bucket; after a crash, from the beginning."""
    async with run.parting_work() as session:
        files = await placement.store(session, objects())
    with TemporaryFile() as file:
        manifest = await pack(file, run.parting_work, run.step)
        file.seek(0)
        await files.put(key_of_export(run.id), file, KIND)
    async with run.parting_work() as session:
        taken(session, run.id)
    told: dict[str, Any] = msgspec.to_builtins(manifest)
    return told


def taken(session: AsyncSession, job: UUID | None = None) -> None:
    """Write down that the branch has taken everything along: only then may it close."""
    note(session, TAKEN, job)


async def pack(file: BinaryIO, opened: Open, seen: Seen) -> Manifest:
    """Write everything, portion by portion, and what there is of it into ``manifest.json``.

    *opened* begins a transaction in the branch; *seen* is told in each how many rows are packed.
    """
    manifest: Manifest = {}
    with ZipFile(file, "w", ZIP_DEFLATED) as whole:
        for rows in map(source, WISHES):
            manifest[rows.name] = await entry(whole, rows.name, portions(rows, opened, seen))
        async with opened() as session:
            exporting.begin(session)
        readers = ((body, Given(read=count)) async for body, count in exporting.table(opened))
        manifest[READERS] = await entry(whole, READERS, readers)
        whole.writestr("manifest.json", msgspec.json.format(msgspec.json.encode(manifest)))
    return manifest


async def entry(whole: ZipFile, name: str, rows: AsyncIterator[tuple[bytes, Given]]) -> Packed:
    digest, packed = hashlib.sha256(), Packed()
    with whole.open(name, "w", force_zip64=True) as inside:
        async for body, given in rows:
            await asyncio.to_thread(inside.write, body)
            digest.update(body)
            packed.rows, packed.troubles = given.read, given.troubles
    packed.sha256 = digest.hexdigest()
    return packed
