"""What is indexed of each record, made again out of the record itself, without its file."""

import asyncio
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec
from msgspec import Struct
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.platform import jobs
from pinakes.platform.audit import note
from pinakes.platform.db import to_json
from pinakes.platform.jobs import Job, Run
from pinakes.platform.messages import emit
from pinakes.tenants.catalogue.calm import resting
from pinakes.tenants.catalogue.events import RecordsChanged
from pinakes.tenants.catalogue.marc import Broken, Dialect
from pinakes.tenants.catalogue.marc.writing import again
from pinakes.tenants.catalogue.models import CatalogueRecord
from pinakes.tenants.catalogue.ready import ready
from pinakes.tenants.catalogue.storing import ALONE

REDERIVE = "catalogue.rederive"
AT_ONCE = 500
REST = 0.2  # share of its time that it leaves to everybody else

CHANGE = text("""
    UPDATE record r SET title_fields = t.title_fields, sort_key = t.sort_key, isbn13 = t.isbn13,
        changed_at = now()
    FROM jsonb_to_recordset(:rows) AS t (id uuid, title_fields jsonb, sort_key text, isbn13 text)
    WHERE r.id = t.id AND (r.title_fields, r.sort_key, r.isbn13)
        IS DISTINCT FROM (t.title_fields, t.sort_key, t.isbn13)
    RETURNING r.id
""")


class Rederived(Struct):
    """How many records were looked at, say something else now, and cannot be read any more."""

    read: int = 0
    changed: int = 0
    unreadable: int = 0


async def start_rederiving(session: AsyncSession) -> Job:
    """Queue it."""
    job = await jobs.start(session, REDERIVE, {})
    note(session, REDERIVE, job.id)
    return job


async def run_rederiving(run: Run) -> dict[str, Any]:
    """Go through all records; after a crash, from behind the last portion."""
    done = msgspec.convert(run.report or {}, Rederived)
    last = UUID(run.memo.get("after", str(UUID(int=0))))
    async with run.work() as session:
        total = await session.scalar(select(func.count()).select_from(CatalogueRecord))
    while True:
        async with resting(REST), run.work() as session:
            await session.execute(ALONE)  # what an import writes meanwhile is not to be lost
            rows = await behind(session, last)
            if not rows:
                return msgspec.to_builtins(done)  # type: ignore[no-any-return]
            last = rows[-1].id
            derived = await asyncio.to_thread(derive, rows)
            await write(session, derived, done, run.id)
            done.read += len(rows)
            done.unreadable += len(rows) - len(derived)
            told = msgspec.to_builtins(done)
            memo = {"after": str(last)}
            await run.step(session, done.read, total=total, memo=memo, report=told)


async def behind(session: AsyncSession, last: UUID) -> Sequence[Any]:
    row = CatalogueRecord
    rows = select(row.id, row.dialect, row.encoding, row.raw).where(row.id > last)
    return (await session.execute(rows.order_by(row.id).limit(AT_ONCE))).all()


def derive(rows: Sequence[Any]) -> list[dict[str, Any]]:
    """The derived columns of each row that can be read."""
    found: list[dict[str, Any]] = []
    for id, dialect, encoding, raw in rows:
        made = ready(again(raw, Dialect(dialect), encoding))
        if not isinstance(made, Broken) and made.description:
            fields = msgspec.Raw(made.description)
            told = {"title_fields": fields, "sort_key": made.sort_key, "isbn13": made.isbn13}
            found.append({"id": id, **told})
    return found


async def write(
    session: AsyncSession, derived: list[dict[str, Any]], done: Rederived, job: UUID
) -> None:
    """Write what says something else, and tell who listens."""
    changed = list(await session.scalars(CHANGE, {"rows": to_json(derived)}))
    done.changed += len(changed)
    if changed:
        emit(session, RecordsChanged(about=job, records=changed))
