"""Records out of an archive: the very bytes, read as they were, and hidden where they were."""

import asyncio
from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.platform.belongings import Brought, Line
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
    RETURNING r.id
""")


class Read(NamedTuple):
    """Some lines made ready: what is written, how records are hidden, and what cannot be read."""

    portion: Portion
    marks: list[Line]
    reasons: list[str]


async def bring_records(session: AsyncSession, job: UUID, lines: Sequence[Line]) -> Brought:
    """Titles or headings. Their copies come out of a file of their own, as they were at last."""
    brought, report = Brought(len(lines)), Report()
    read = await asyncio.to_thread(made_ready, lines)
    await store(session, read.portion, report, job)
    brought.changed = report.new + report.updated
    for reason in read.reasons:
        brought.leave(reason)
    if read.marks:
        hidden = (await session.scalars(HIDE, {"marks": to_json(read.marks)})).all()
        if hidden:
            emit(session, RecordsChanged(about=job, records=list(hidden)))
            await session.flush()
        brought.changed = max(brought.changed, len(hidden))
    return brought


def made_ready(lines: Sequence[Line]) -> Read:
    """The records as the database takes them."""
    batch, marks, reasons = Batch(), list[Line](), list[str]()
    for ordinal, line in enumerate(lines, 1):
        one = ready(again(line["raw"], Dialect(line["dialect"]), line["encoding"]))
        if isinstance(one, Broken):
            reasons.append(one.reason)
            continue
        batch.take(one._replace(ordinal=ordinal))
        if "suppressed" in line:
            marks.append({"key": one.key} | {name: line[name] for name in HIDDEN})
    made = portion(batch)
    made.copies = []
    return Read(made, marks, reasons)
