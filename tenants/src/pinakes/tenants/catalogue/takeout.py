"""Everything that a branch takes along when it leaves, in one ZIP, nothing left out."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from tempfile import TemporaryFile
from typing import Annotated, Any, BinaryIO
from uuid import UUID
from zipfile import ZIP_DEFLATED, ZipFile

import msgspec
from msgspec import Struct
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.platform import jobs
from pinakes.platform.audit import note
from pinakes.platform.belongings import Belonging
from pinakes.platform.clock import now
from pinakes.platform.jobs import Job, Run
from pinakes.platform.objects import objects
from pinakes.tenants.catalogue.exporting import key_of_export
from pinakes.tenants.catalogue.giving import (
    ExportWish,
    Form,
    Given,
    Source,
    What,
    portions,
    source,
)
from pinakes.tenants.catalogue.leaflet import README, read_me
from pinakes.tenants.catalogue.marking import Marked
from pinakes.tenants.readers import exporting
from pinakes.tenants.readers.branch import branch
from pinakes.tenants.registry import placement

TAKEOUT = "catalogue.takeout"
KIND = "application/zip"
TAKEN = "catalogue.taken"  # functions.sql looks for it in the audit log
VERSION = 2  # of the archive; 1 had neither marks nor decisions nor lending
MARKED = (ExportWish(gone=True), ExportWish(what=What.AUTHORITIES, gone=True))
PLAIN = (ExportWish(what=What.ASIDE), ExportWish(format=Form.ITEMS))
READERS, MANIFEST = "readers.csv", "manifest.json"
PIECE = 1 << 20  # bytes

type Rows = AsyncIterator[tuple[bytes, Given]]


class Packed(Struct):
    """One file of the ZIP; whether ``takein`` brings it in, or it is for reading only, and why."""

    comes_in: bool = False
    rows: Annotated[int, msgspec.Meta(ge=0, le=10**12)] = 0
    sha256: str = ""
    troubles: dict[str, int] = msgspec.field(default_factory=dict[str, int])
    reason: str = ""


class Manifest(Struct):
    """What the ZIP holds, out of which branch."""

    version: int
    branch: str
    made_at: datetime
    files: dict[str, Packed] = msgspec.field(default_factory=dict[str, Packed])


async def start_takeout(session: AsyncSession) -> Job:
    """Queue it."""
    job = await jobs.start(session, TAKEOUT, {})
    note(session, TAKEOUT, job.id)
    return job


async def run_takeout(run: Run, belongings: Sequence[Belonging]) -> dict[str, Any]:
    """Pack the ZIP and lay it into the bucket; after a crash, from the beginning.

    *belongings* are those of all features.
    """
    async with run.parting_work() as session:
        files = await placement.store(session, objects())
        manifest = Manifest(VERSION, (await branch(session)).code, now())
    with TemporaryFile() as file:
        with ZipFile(file, "w", ZIP_DEFLATED) as whole:
            await Packing(run, whole, manifest).pack(belongings)
        file.seek(0)
        await files.put(key_of_export(run.id), file, KIND)
    async with run.parting_work() as session:
        taken(session, run.id)
    told: dict[str, Any] = msgspec.to_builtins(manifest)
    return told


def taken(session: AsyncSession, job: UUID | None = None) -> None:
    """Write down that the branch has taken everything along: only then may it close."""
    note(session, TAKEN, job)


@dataclass
class Packing:
    """A ZIP that is being written, and how far it is: *done* of *total* rows."""

    run: Run
    whole: ZipFile
    manifest: Manifest
    done: int = 0
    total: int = 0
    last: int = field(default=0)

    async def pack(self, belongings: Sequence[Belonging]) -> None:
        """Write everything, portion by portion, and what there is of it into the manifest."""
        sources = [source(wish) for wish in (*MARKED, *PLAIN)]
        async with self.run.parting_work() as session:
            self.total = await exporting.counted(session)
            for one in sources:
                self.total += await one.count(session)
            for belonging in belongings:
                self.total += await belonging.count(session)
            exporting.begin(session)
        for wish in MARKED:
            with TemporaryFile() as beside:
                marked = Marked(wish, beside)
                await self.rows_of(marked, comes_in=True)
                await self.entry(f"{wish.what}.jsonl", pieces(beside, self.last), comes_in=True)
        for wish in PLAIN:
            await self.rows_of(source(wish))
        await self.entry(READERS, self.readers())
        for belonging in belongings:
            comes_in = belonging.bring is not None
            await self.entry(belonging.name, self.belonging(belonging), comes_in=comes_in)
            self.manifest.files[belonging.name].reason = belonging.reason
        self.manifest.files[READERS].reason = exporting.BY_TABLE
        self.whole.writestr(README, read_me(self.manifest.branch, belongings))
        self.whole.writestr(MANIFEST, msgspec.json.format(msgspec.json.encode(self.manifest)))

    async def rows_of(self, rows: Source, *, comes_in: bool = False) -> None:
        file = portions(rows, self.run.parting_work, self.seen)
        await self.entry(rows.name, file, comes_in=comes_in)
        self.done += self.last

    async def seen(self, session: AsyncSession, count: int) -> None:
        """Tell how far we are, *count* rows into this file; here a wish to cancel is heard."""
        await self.run.step(session, self.done + count, total=self.total)

    async def readers(self) -> Rows:
        count = 0
        async for body, count in exporting.table(self.run.parting_work):
            async with self.run.parting_work() as session:
                await self.seen(session, count)
            yield body, Given(read=count)
        self.done += count

    async def belonging(self, one: Belonging) -> Rows:
        given, last = Given(), one.first
        while True:
            async with self.run.parting_work() as session:
                body, count, last = await one.after(session, last)
                given.read += count
                await self.seen(session, given.read)
            if not count:
                self.done += given.read
                return
            yield body, given

    async def entry(self, name: str, rows: Rows, *, comes_in: bool = False) -> None:
        digest, packed = hashlib.sha256(), Packed(comes_in)
        with self.whole.open(name, "w", force_zip64=True) as inside:
            async for body, given in rows:
                await asyncio.to_thread(inside.write, body)
                digest.update(body)
                packed.rows, packed.troubles = given.read, given.troubles
        packed.sha256, self.last = digest.hexdigest(), packed.rows
        self.manifest.files[name] = packed


async def pieces(file: BinaryIO, rows: int) -> Rows:
    """A file that is written already."""
    file.seek(0)
    while body := await asyncio.to_thread(file.read, PIECE):
        yield body, Given(read=rows)
