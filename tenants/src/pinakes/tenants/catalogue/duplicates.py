"""Titles of a branch that may be the same: found by a job, for a person to decide."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import batched
from typing import Any
from uuid import UUID

import msgspec
from msgspec import Struct
from sqlalchemy import Text, cast, func, select, text
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.platform import jobs
from pinakes.platform.audit import note
from pinakes.platform.db import to_json, uuid7
from pinakes.platform.jobs import Job, JobState, Run
from pinakes.tenants.catalogue.alike import pairs
from pinakes.tenants.catalogue.calm import resting
from pinakes.tenants.catalogue.marc import Title
from pinakes.tenants.catalogue.models import CatalogueRecord
from pinakes.tenants.catalogue.ready import LIVE
from pinakes.tenants.catalogue.service import TITLE

DUPLICATES = "catalogue.duplicates"
CHANGED = "changed"  # look only where something has changed since the last search
LATER = timedelta(minutes=1)  # after an import: what it brought is searchable first
REST = 3.0  # for each moment of work three of rest: nobody waits for what a search finds
AT_ONCE = 50  # groups of one transaction
ONE_PROCESS = text("SET LOCAL max_parallel_workers_per_gather = 0")  # the others are for desks
FOUND = text("""
    INSERT INTO twin (id, first_id, second_id, rule)
    SELECT id, first, second, rule
    FROM jsonb_to_recordset(:rows) AS t (id uuid, first uuid, second uuid, rule text)
    ON CONFLICT DO NOTHING RETURNING id
""")
MOST = 50  # records of one group: larger ones are works without a title of their own

type Group = Sequence[UUID]


class Search(Struct):
    """How many groups of records were compared, and how many pairs are new."""

    groups: int = 0
    found: int = 0


async def start_search(session: AsyncSession) -> Job:
    """Queue a search through the whole branch."""
    job = await jobs.start(session, DUPLICATES, {})
    note(session, DUPLICATES, job.id)
    return job


async def start_later(session: AsyncSession) -> None:
    """Queue a search among what has changed, for a while after an import; one serves several."""
    if not await under_way(session, JobState.QUEUED):
        await jobs.start(session, DUPLICATES, {CHANGED: True}, after=LATER)


async def under_way(session: AsyncSession, *states: JobState) -> bool:
    """Whether a search is in one of these states."""
    rows = select(Job.id).where(Job.kind == DUPLICATES, Job.state.in_(states))
    return (await session.scalars(rows.limit(1))).first() is not None


async def run_search(run: Run) -> dict[str, Any]:
    """Compare what shares an ISBN or a title; begun again, it finds nothing twice."""
    done = Search()
    async with run.work() as session:
        await session.execute(ONE_PROCESS)
        since = await last_search(session) if run.args.get(CHANGED) else None
        groups = [*await alike(session, CatalogueRecord.isbn13, since)]
        groups += await alike(session, CatalogueRecord.sort_key, since)
    for portion in batched(groups, AT_ONCE):
        async with resting(REST), run.work() as session:
            done.found += await compare(session, portion)
            done.groups += len(portion)
            told: dict[str, Any] = msgspec.to_builtins(done)
            await run.step(session, done.groups, total=len(groups), report=told)
    report: dict[str, Any] = msgspec.to_builtins(done)
    return report


async def last_search(session: AsyncSession) -> datetime | None:
    """Before the last search that came to its end, and before all that it could not see yet."""
    ended = Job.kind == DUPLICATES, Job.state == JobState.DONE
    return await session.scalar(select(func.max(Job.created_at) - LATER).where(*ended))


async def alike(session: AsyncSession, column: Any, since: datetime | None) -> Sequence[Group]:
    """The records that say the same in *column*, the oldest first, one of them changed *since*."""
    row = CatalogueRecord
    ids = func.array_agg(aggregate_order_by(row.id, row.id))
    shown = select(ids).where(row.state == LIVE, ~row.withdrawn, column != "")
    found = shown.group_by(column).having(func.count().between(2, MOST))
    if since is not None:
        found = found.having(func.max(row.changed_at) >= since)
    return (await session.scalars(found)).all()


async def compare(session: AsyncSession, groups: Iterable[Group]) -> int:
    """Write down every two that may be the same; how many nobody has seen yet."""
    wanted = {id for group in groups for id in group}
    row = CatalogueRecord
    rows = await session.execute(
        select(row.id, cast(row.title_fields, Text)).where(row.id.in_(wanted))
    )
    titles = {id: TITLE.decode(fields) for id, fields in rows}
    found = await asyncio.to_thread(paired, groups, titles)
    told = [
        {"id": uuid7(), "first": first, "second": second, "rule": rule}
        for (first, second), rule in found.items()
    ]
    new = await session.scalars(FOUND, {"rows": to_json(told)})
    return len(new.all())


def paired(groups: Iterable[Group], titles: Mapping[UUID, Title]) -> dict[tuple[UUID, UUID], str]:
    """Every two that may be the same, and by which rule."""
    return {
        (first, second): rule
        for group in groups
        for first, second, rule in pairs((id, titles[id]) for id in group if id in titles)
    }
