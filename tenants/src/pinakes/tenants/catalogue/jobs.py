"""The import: a file out of the branch's bucket, batch by batch into its catalogue."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import aclosing, nullcontext
from tempfile import TemporaryFile
from typing import Any, BinaryIO
from uuid import UUID

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.platform.bustle import BUSTLE
from pinakes.platform.db import uuid7
from pinakes.platform.jobs import Run
from pinakes.platform.objects import objects
from pinakes.tenants.catalogue.apart import Order, read_apart
from pinakes.tenants.catalogue.batches import RECORDS, How, Portion, portions
from pinakes.tenants.catalogue.calm import resting
from pinakes.tenants.catalogue.duplicates import start_later
from pinakes.tenants.catalogue.marc import Broken
from pinakes.tenants.catalogue.marc.framing import KEPT
from pinakes.tenants.catalogue.models import Quarantined, Upload
from pinakes.tenants.catalogue.report import Report, whole
from pinakes.tenants.catalogue.room import full, room_aside
from pinakes.tenants.catalogue.schemas import ImportWish
from pinakes.tenants.catalogue.service import NoSuchUpload, key_of_upload
from pinakes.tenants.catalogue.storing import store
from pinakes.tenants.catalogue.trying import forget, tried
from pinakes.tenants.registry import placement

LARGE = 4 << 20  # bytes
TOO_LONG = "too_long"  # a code of REASONS


async def run_import(run: Run) -> dict[str, Any]:
    """Bring the file in; begun again after a crash, it goes on behind the last batch."""
    wish = msgspec.convert(run.args, ImportWish, strict=False)
    report = msgspec.convert(run.report, Report) if run.report else Report(dry_run=wish.dry_run)
    how = How(wish.dialect, wish.encoding, wish.items, report.read, wish.dry_run)
    async with run.work() as session:
        left = await room_aside(session)
    size, pieces = await uploaded(run, wish.upload)
    async with aclosing(together(read(pieces, size, how))) as coming:
        async for portion in coming:
            left -= sum(len(kept(piece)) for piece in portion.broken)
            if portion.broken and left < 0:
                raise full(-left, 0)
            async with resting():
                await write(run, portion, report, size)
    async with run.work() as session:
        if report.dry_run:
            await forget(session, run.id)
        elif report.new + report.updated:
            await start_later(session)
    return whole(report)


async def together(coming: AsyncGenerator[Portion]) -> AsyncGenerator[Portion]:
    """As many as may be written at once, as one; each by itself while a desk is busy."""
    waiting: Portion | None = None
    async with aclosing(coming):
        async for portion in coming:
            if waiting is not None and waiting.group == portion.group:
                waiting.join(portion)
            elif waiting is not None:
                yield waiting
                waiting = portion
            else:
                waiting = portion
            if BUSTLE.goes_on or waiting.counts.read >= RECORDS:
                yield waiting
                waiting = None
    if waiting is not None:
        yield waiting


async def uploaded(run: Run, upload: UUID) -> tuple[int, AsyncIterator[bytes]]:
    """The size of the uploaded file, and its pieces."""
    async with run.work() as session:
        row = await session.get(Upload, (run.tenant, upload))
        if row is None:
            raise NoSuchUpload("The file of this import is gone. Upload it again.")
        files = await placement.store(session, objects())
    return row.size, files.stream(key_of_upload(upload))


async def read(pieces: AsyncIterator[bytes], size: int, how: How) -> AsyncGenerator[Portion]:
    """What is in the file: a small one is read before a process of its own would have started."""
    with TemporaryFile() as file:
        fetched = fetch(pieces, file)
        if size < LARGE:
            await fetched
            file.seek(0)
            coming = ahead(portions(file, how))
        else:
            coming = read_apart(Order(file.fileno(), size, how), fetched)
        async with aclosing(coming):
            async for portion in coming:
                yield portion


async def fetch(pieces: AsyncIterator[bytes], file: BinaryIO) -> None:
    """Bring the file to our own disk: an import may last longer than the store keeps it open."""
    async for piece in pieces:
        await asyncio.to_thread(file.write, piece)
        await asyncio.to_thread(file.flush)


async def ahead[T](coming: Iterator[T]) -> AsyncGenerator[T]:
    """Each portion, while the next one is made ready in a thread."""
    task = asyncio.create_task(asyncio.to_thread(next, coming, None))
    try:
        while batch := await task:
            task = asyncio.create_task(asyncio.to_thread(next, coming, None))
            yield batch
    finally:
        await asyncio.gather(task, return_exceptions=True)  # the thread still reads the file


async def write(run: Run, portion: Portion, report: Report, size: int) -> None:
    """Write one portion and how far we are, both or neither; a dry run takes the portion back."""
    async with run.work() as session:
        copies = (copy.item for copy in portion.copies)
        trial = tried(session, run.id, portion.keys, copies) if report.dry_run else nullcontext()
        async with trial:
            troubles = await store(session, portion, report, run.id)
        session.add_all(troubles)
        await set_aside(session, portion.broken, run.id, nothing if report.dry_run else kept)
        await run.step(session, portion.position, total=size, report=whole(report))


def kept(piece: Broken) -> bytes:
    """Its bytes; of what never ends, the first."""
    return piece.raw[:KEPT] if piece.reason == TOO_LONG else piece.raw


def nothing(_: Broken) -> bytes:
    """A trial names what could not be read, and keeps none of it."""
    return b""


async def set_aside(
    session: AsyncSession, broken: list[Broken], job: UUID, bytes_of: Callable[[Broken], bytes]
) -> None:
    """Write down what could not be read, with its bytes."""
    session.add_all(
        Quarantined(
            id=uuid7(),
            job_id=job,
            ordinal=piece.ordinal,
            byte_offset=piece.offset,
            reason=piece.reason,
            facts=piece.facts,
            raw=bytes_of(piece),
        )
        for piece in broken
    )
    await session.flush()
