"""Records out of an archive: the very bytes, read as they were, and hidden where they were."""

import asyncio
from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from msgspec import Struct
from sqlalchemy import Uuid, bindparam, text
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.platform.belongings import Brought, Line, plain
from pinakes.platform.db import to_json
from pinakes.platform.messages import emit
from pinakes.tenants.catalogue.batches import Batch, Portion, portion
from pinakes.tenants.catalogue.events import RecordsChanged
from pinakes.tenants.catalogue.marc import Broken, Dialect
from pinakes.tenants.catalogue.marc.writing import again
from pinakes.tenants.catalogue.marking import HIDDEN
from pinakes.tenants.catalogue.ready import ready
from pinakes.tenants.catalogue.report import Report
from pinakes.tenants.catalogue.storing import store

HIDE = text("""
    UPDATE record r SET suppressed = told.suppressed, withdrawn = told.withdrawn
    FROM jsonb_to_recordset(:marks) AS told (key text, suppressed boolean, withdrawn boolean)
    WHERE r.key = told.key
      AND (r.suppressed, r.withdrawn) IS DISTINCT FROM (told.suppressed, told.withdrawn)
    RETURNING r.id, r.import_id IS DISTINCT FROM :job AS otherwise_same
""").bindparams(bindparam("job", type_=Uuid))


class Came(Struct):
    """A record as the archive has it; a heading is never hidden."""

    key: str
    raw: bytes
    dialect: Dialect
    encoding: str
    suppressed: bool = False
    withdrawn: bool = False


class Read(NamedTuple):
    """Some lines made ready: what is written, how titles are hidden, and what cannot be read."""

    portion: Portion
    marks: list[Line]
    unreadable: list[tuple[str, str]]  # reason and key


async def bring_records(session: AsyncSession, job: UUID, lines: Sequence[Came]) -> Brought:
    """Titles or headings. Their copies come out of a file of their own, as they were at last."""
    brought, report = Brought(len(lines)), Report()
    read = await asyncio.to_thread(made_ready, lines)
    await store(session, read.portion, report, job)
    for reason, key in read.unreadable:
        brought.leave(reason, key)
    hidden = await hide(session, job, read.marks)
    brought.new, brought.updated = report.new, report.updated + hidden
    brought.unchanged = report.unchanged - hidden
    return brought


async def hide(session: AsyncSession, job: UUID, marks: Sequence[Line]) -> int:
    """Hide titles, or show them; how many of these *job* has not written otherwise."""
    if not marks:
        return 0
    rows = (await session.execute(HIDE, {"marks": to_json(marks), "job": job})).all()
    if rows:
        emit(session, RecordsChanged(about=job, records=[row.id for row in rows]))
        await session.flush()
    return sum(row.otherwise_same for row in rows)


def made_ready(lines: Sequence[Came]) -> Read:
    """The records as the database takes them."""
    batch, marks, unreadable = Batch(), list[Line](), list[tuple[str, str]]()
    for ordinal, line in enumerate(lines, 1):
        one = ready(again(line.raw, line.dialect, line.encoding))
        if isinstance(one, Broken):
            unreadable.append((one.reason, line.key))
            continue
        batch.take(one._replace(ordinal=ordinal))
        if not one.authority:
            marks.append({"key": one.key} | plain(line, *HIDDEN))
    made = portion(batch)
    made.copies = []
    return Read(made, marks, unreadable)
