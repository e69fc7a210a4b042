"""What an import set aside, looked at, mended and taken in after all, or discarded."""

from collections.abc import Mapping
from io import BytesIO
from itertools import islice
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta, Struct
from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.platform.audit import note
from pinakes.platform.clock import now
from pinakes.platform.db import lock
from pinakes.platform.errors import BadRequest
from pinakes.platform.jobs import Job
from pinakes.tenants.catalogue.batches import Batch, portion
from pinakes.tenants.catalogue.machine import Action, PieceState, move
from pinakes.tenants.catalogue.marc import Broken, Dialect, Found, UnknownFormat, read, sentence
from pinakes.tenants.catalogue.marc.lines import LineWrong, parsed, seen
from pinakes.tenants.catalogue.marc.reading import known_encoding
from pinakes.tenants.catalogue.marc.writing import again
from pinakes.tenants.catalogue.models import Authority, CatalogueRecord, Quarantined
from pinakes.tenants.catalogue.ready import Ready, ready
from pinakes.tenants.catalogue.report import Report
from pinakes.tenants.catalogue.schemas import Word
from pinakes.tenants.catalogue.service import set_aside, with_bytes
from pinakes.tenants.catalogue.storing import store

ENCODINGS = (
    "utf-8", "gb18030", "marc-8", "big5", "koi8-r", "windows-1251", "windows-1252", "iso8859-1",
    "iso8859-2", "cp866", "shift_jis", "euc_kr",
)  # fmt: skip
LONGEST = 200_000  # characters of a record in lines

type Lines = Annotated[str, Meta(max_length=LONGEST)]


class Mending(Struct, forbid_unknown_fields=True):
    """How to read the piece now: in which character set and dialect, or as other words."""

    encoding: Word | None = None
    dialect: Dialect | None = None
    text: Lines | None = None  # lines, or an element of MARCXML


class Piece(Struct):
    """A piece as a person can read it, with what is wrong with it."""

    id: UUID
    ordinal: int
    reason: str
    zh: str
    en: str
    encoding: str
    text: str
    state: PieceState
    became: UUID | None


class Mended(Struct):
    """The record (or heading) that a piece has become."""

    became: UUID | None


class StillUnreadable(BadRequest):
    code = "still_unreadable"
    title = "This is still no record that can be taken"


async def look(session: AsyncSession, id: UUID, encoding: str | None) -> Piece:
    """The piece as text in a character set; UTF-8 without one."""
    row = await set_aside(session, id)
    told = known_encoding(encoding) or "utf-8"
    return Piece(
        id=row.id,
        ordinal=row.ordinal,
        reason=row.reason,
        zh=sentence(row.reason, row.facts, "zh"),
        en=sentence(row.reason, row.facts, "en"),
        encoding=told,
        text=seen(row.raw, told),
        state=row.state,
        became=row.became,
    )


async def mend(
    session: AsyncSession, id: UUID, wish: Mending, file: bytes | None = None
) -> Quarantined:
    """Take the piece in as *wish* reads it, and write that into its import's report.

    What a *file* says, one record of any form or in lines, takes the place of the piece's bytes.

    Raises:
        NoSuchPiece, OnlyTried, MendedAlready: there is nothing to mend.
        StillUnreadable: it cannot be taken this way either; says why in both languages.
        UnknownEncoding: there is no such character set.
    """
    row = await moved(session, id, Action.MEND)
    batch = Batch()
    batch.take(sound(read_again(row, wish) if file is None else only(file, wish), row))
    session.add_all(await store(session, portion(batch), Report(), row.job_id))
    [key] = batch.rows
    row.became = await session.scalar(row_of(*key))
    row.mended_at = func.now()
    told = {"mended": 1} | ({"discarded": -1} if row.discarded_at else {})
    await tell(session, row.job_id, told)
    note(session, "catalogue.mend", id)
    await session.flush()
    return row


async def discard(session: AsyncSession, id: UUID) -> Quarantined:
    """Say that nobody wants this piece; it may be mended all the same.

    Raises:
        NoSuchPiece, OnlyTried, MendedAlready: there is nothing to discard.
    """
    row = await moved(session, id, Action.DISCARD)
    if row.discarded_at is None:
        row.discarded_at = now()
        await tell(session, row.job_id, {"discarded": 1})
        note(session, "catalogue.discard", id)
        await session.flush()
    return row


async def moved(session: AsyncSession, id: UUID, action: Action) -> Quarantined:
    """The piece, for *action*, or NoSuchPiece, OnlyTried, MendedAlready."""
    row = with_bytes(await lock(session, Quarantined, id))
    move(row.state, action)
    return row


def row_of(authority: bool, key: str) -> Select[UUID]:
    """The id of the row that a key stands for."""
    table = Authority if authority else CatalogueRecord
    return select(table.id).where(table.key == key)


def read_again(row: Quarantined, wish: Mending) -> Found:
    """The piece as *wish* has it."""
    if wish.text is None:
        return again(row.raw, wish.dialect, known_encoding(wish.encoding))
    if wish.text.lstrip().startswith("<"):
        return again(wish.text.strip().encode(), wish.dialect, "utf-8")
    return in_lines(wish.text, wish.dialect)


def only(file: bytes, wish: Mending) -> Found:
    """The one record of a file, read as an import would read it; else its lines, in UTF-8."""
    try:
        found = [*islice(read(BytesIO(file), dialect=wish.dialect, encoding=wish.encoding), 2)]
    except UnknownFormat:
        return in_lines(text_of(file), wish.dialect)
    if len(found) != 1:
        raise StillUnreadable(
            "The file has no record, or more than one. Bring many in by an import.",
            zh="文件里没有记录，或不止一条。多条记录请作为文件导入。",
        )
    return found[0]


def text_of(file: bytes) -> str:
    try:
        return file.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise StillUnreadable(
            "This is neither MARC nor lines in UTF-8. Save the lines as UTF-8.",
            zh="这既不是 MARC，也不是 UTF-8 的文本行。请将文本行存为 UTF-8。",
        ) from None


def in_lines(text: str, dialect: Dialect | None) -> Found:
    """The record that these lines are, or StillUnreadable."""
    try:
        return parsed(text, dialect)
    except LineWrong as error:
        raise StillUnreadable(
            f"Line {error.number} has no tag of three letters or digits: {error.line}",
            zh=f"第 {error.number} 行没有三位字段号：{error.line}",
            line=error.number,
        ) from None


def sound(found: Found, row: Quarantined) -> Ready:
    """The record, or StillUnreadable."""
    made = ready(msgspec.structs.replace(found, offset=row.byte_offset, ordinal=row.ordinal))
    if isinstance(made, Broken):
        zh, en = (sentence(made.reason, made.facts, language) for language in ("zh", "en"))
        raise StillUnreadable(en, zh=zh, reason=made.reason)
    return made


async def tell(session: AsyncSession, job: UUID, more: Mapping[str, int]) -> None:
    """Let the import's report count what has been done with one of its pieces."""
    row = await lock(session, Job, job)
    if row is not None and row.report is not None:
        counts = {name: row.report.get(name, 0) + number for name, number in more.items()}
        row.report = {**row.report, **counts}
