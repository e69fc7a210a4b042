"""What can be done with a branch's catalogue."""

from collections.abc import Collection, Sequence
from uuid import UUID

import msgspec
from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.platform import jobs
from pinakes.platform.audit import note
from pinakes.platform.db import driver, lock, uuid7
from pinakes.platform.errors import Conflict, NotFound
from pinakes.platform.messages import emit
from pinakes.tenants.catalogue.events import RecordsChanged
from pinakes.tenants.catalogue.marc import Title
from pinakes.tenants.catalogue.models import (
    CatalogueRecord,
    ItemTrouble,
    Kept,
    Quarantined,
    Upload,
)
from pinakes.tenants.catalogue.room import take_room
from pinakes.tenants.catalogue.schemas import (
    ImportView,
    ImportWish,
    RecordView,
    SheetWish,
    TakeinWish,
    UploadView,
)

IMPORT = "catalogue.import"
SHEET = "catalogue.items"
UNDO = "catalogue.undo"
TITLE = msgspec.json.Decoder(Title)
DESCRIBED = """
    SELECT id, state = 'live' AND NOT (suppressed OR withdrawn),
           convert_to(CAST(title_fields AS text), 'UTF8')
    FROM record WHERE id = ANY($1)
"""


class NoSuchRecord(NotFound):
    code = "no_such_record"
    title = "There is no such record here"


class NoSuchUpload(NotFound):
    code = "no_such_upload"
    title = "There is no such file here"


class NoSuchPiece(NotFound):
    code = "no_such_quarantined"
    title = "Nothing of this id was set aside"


class OnlyTried(Conflict):
    code = "only_tried"
    title = "This was a trial; the bytes were not kept"


class NoSuchImport(NotFound):
    code = "no_such_import"
    title = "There is no such import here"


class ImportRuns(Conflict):
    code = "import_runs"
    title = "This import is still at work"


class Described(msgspec.Struct, gc=False):
    """What others may show of a record: nothing while it is out of sight."""

    id: UUID
    visible: bool
    title: Title
    raw: bytes  # the title in JSON


def key_of_upload(id: UUID) -> str:
    """Where an upload lies in the branch's bucket."""
    return f"uploads/{id}"


async def uploaded(session: AsyncSession, name: str, size: int) -> UUID:
    """Write down that a file comes to lie in the bucket, under this id; or NoRoomAside."""
    await take_room(session, size)
    upload = Upload(id=uuid7(), name=name, size=size)
    session.add(upload)
    note(session, "catalogue.upload", upload.id)
    await session.flush()
    return upload.id


async def start_import(session: AsyncSession, wish: ImportWish) -> jobs.Job:
    """Queue an import of an uploaded file, or NoSuchUpload."""
    return await begin(session, IMPORT, wish)


async def start_sheet(session: AsyncSession, wish: SheetWish) -> jobs.Job:
    """Queue the items of an uploaded table, or NoSuchUpload."""
    return await begin(session, SHEET, wish)


async def begin(
    session: AsyncSession, kind: str, wish: ImportWish | SheetWish | TakeinWish
) -> jobs.Job:
    upload = await session.get(Upload, (session.info["tenant"], wish.upload))
    if upload is None or upload.gone_at is not None:
        raise NoSuchUpload("Upload the file first; this branch has none of this id, or no longer.")
    job = await jobs.start(session, kind, msgspec.to_builtins(wish))
    note(session, kind, job.id)
    return job


async def start_undo(session: AsyncSession, id: UUID) -> jobs.Job:
    """Queue the undo of a whole import that has ended, or NoSuchImport, ImportRuns."""
    job = await imported(session, id)
    if job.state in jobs.OPEN:
        raise ImportRuns("Cancel it first, or wait until it has ended.")
    undo = await jobs.start(session, UNDO, {"import": str(id)})
    note(session, UNDO, id)
    return undo


async def imported(session: AsyncSession, id: UUID) -> jobs.Job:
    """The job of an import, of records or of items, or NoSuchImport."""
    job = await session.get(jobs.Job, (session.info["tenant"], id), populate_existing=True)
    if job is None or job.kind not in (IMPORT, SHEET):
        raise NoSuchImport("Look at the list of jobs; this branch has no import of this id.")
    return job


def imports() -> Select[jobs.Job]:
    """Every import of this branch, of records or of items."""
    return select(jobs.Job).where(jobs.Job.kind.in_((IMPORT, SHEET)))


async def undone(session: AsyncSession, id: UUID) -> jobs.Job:
    """The job that took an import back, or NoSuchImport."""
    job = await jobs.found(session, id)
    if job.kind != UNDO:
        raise NoSuchImport("This job has taken no import back.")
    return job


async def files_of(session: AsyncSession, imports: Sequence[jobs.Job]) -> dict[UUID, Upload]:
    """The file of each import, as long as that is written down."""
    wanted = {job.id: UUID(job.args["upload"]) for job in imports if "upload" in job.args}
    rows = await session.scalars(select(Upload).where(Upload.id.in_(set(wanted.values()))))
    files = {row.id: row for row in rows}
    return {job: files[upload] for job, upload in wanted.items() if upload in files}


async def file_names(session: AsyncSession, imports: Sequence[jobs.Job]) -> dict[UUID, str]:
    """What the file of each import was called."""
    return {job: file.name for job, file in (await files_of(session, imports)).items()}


async def import_view(session: AsyncSession, id: UUID) -> ImportView:
    """What an import did, or NoSuchImport."""
    [view] = await import_views(session, [await imported(session, id)])
    return view


async def import_views(session: AsyncSession, imports: Sequence[jobs.Job]) -> list[ImportView]:
    """What each of these imports did."""
    files, undos = await files_of(session, imports), await undos_of(session, imports)
    return [
        ImportView(
            id=job.id,
            kind=job.kind,
            state=job.state,
            failure=job.failure,
            file=UploadView(file.id, file.name, file.size) if (file := files.get(job.id)) else None,
            begun_at=job.created_at,
            ended_at=None if job.state in jobs.OPEN else job.heartbeat,
            report=job.report,
            undos=[undo.id for undo in undos.get(job.id, ())],
        )
        for job in imports
    ]


async def undos_of(
    session: AsyncSession, imports: Sequence[jobs.Job]
) -> dict[UUID, list[jobs.Job]]:
    """The jobs that took each of these imports back, the first one first."""
    mine = jobs.Job.args["import"].astext.in_([str(job.id) for job in imports])
    rows = select(jobs.Job).where(jobs.Job.kind == UNDO, mine).order_by(jobs.Job.id)
    found: dict[UUID, list[jobs.Job]] = {}
    for undo in await session.scalars(rows):
        found.setdefault(UUID(undo.args["import"]), []).append(undo)
    return found


def kept(undo: UUID) -> Select[Kept]:
    """What an undo left as it is."""
    return select(Kept).where(Kept.job_id == undo)


async def find(session: AsyncSession, id: UUID) -> CatalogueRecord:
    """The record, or NoSuchRecord."""
    row = await session.get(CatalogueRecord, (session.info["tenant"], id))
    if row is None:
        raise NoSuchRecord("This branch has no record of this id.")
    return row


async def locked(session: AsyncSession, id: UUID) -> CatalogueRecord:
    """The same, ours until the transaction ends."""
    row = await lock(session, CatalogueRecord, id)
    if row is None:
        raise NoSuchRecord("This branch has no record of this id.")
    return row


async def suppress(session: AsyncSession, id: UUID, wish: bool) -> CatalogueRecord:
    """Take a record out of the public catalogue, or let it back in."""
    row = await locked(session, id)
    row.suppressed = wish
    await session.flush()
    note(session, "catalogue.suppress" if wish else "catalogue.show", id)
    emit(session, RecordsChanged(about=id, records=[id]))
    return row


async def described(session: AsyncSession, ids: Sequence[UUID]) -> list[Described]:
    """What the public catalogue is told of these records; those that are gone are left out."""
    rows = await (await driver(session)).fetch(DESCRIBED, ids)
    return [Described(id, seen, TITLE.decode(raw), raw) for id, seen, raw in rows]


async def keys_of(session: AsyncSession, ids: Sequence[UUID]) -> dict[UUID, str]:
    """What these records are known by, whatever becomes of their ids."""
    rows = await session.execute(
        select(CatalogueRecord.id, CatalogueRecord.key).where(CatalogueRecord.id.in_(ids))
    )
    return {row.id: row.key for row in rows}


async def titles_of(session: AsyncSession, ids: Collection[UUID]) -> dict[UUID, str]:
    """What these records are called; one that is gone is left out."""
    title = CatalogueRecord.title_fields["title"].astext
    rows = await session.execute(
        select(CatalogueRecord.id, title).where(CatalogueRecord.id.in_(ids))
    )
    return {id: words or "" for id, words in rows}


def record_view(row: CatalogueRecord) -> RecordView:
    """The record as its branch sees it."""
    told = {name: getattr(row, name) for name in RecordView.__struct_fields__ if name != "title"}
    return RecordView(**told, title=msgspec.convert(row.title_fields, Title))


def quarantined(job: UUID) -> Select[Quarantined]:
    """What an import set aside."""
    return select(Quarantined).where(Quarantined.job_id == job)


def item_troubles(job: UUID) -> Select[ItemTrouble]:
    """Copies that an import could not take as they were."""
    return select(ItemTrouble).where(ItemTrouble.job_id == job)


async def set_aside(session: AsyncSession, id: UUID) -> Quarantined:
    """One piece that was set aside, with its bytes, or NoSuchPiece, OnlyTried."""
    return with_bytes(await session.get(Quarantined, (session.info["tenant"], id)))


def with_bytes(row: Quarantined | None) -> Quarantined:
    """The piece if it is there and more than a trial has named it, or NoSuchPiece, OnlyTried."""
    if row is None:
        raise NoSuchPiece("Look at the list of what this import set aside.")
    if not row.raw:
        raise OnlyTried("Bring the file in, then mend what that has set aside.")
    return row
