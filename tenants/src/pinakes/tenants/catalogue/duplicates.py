"""Titles of a branch that may be the same: found by a job, for a person to decide."""

import asyncio
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from itertools import batched
from typing import Any
from uuid import UUID

import msgspec
from msgspec import Struct, field
from sqlalchemy import Text, cast, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.platform import jobs
from pinakes.platform.audit import note
from pinakes.platform.db import to_json, uuid7
from pinakes.platform.jobs import Job, JobState, Run
from pinakes.tenants.catalogue.alike import pairs
from pinakes.tenants.catalogue.calm import resting
from pinakes.tenants.catalogue.grouping import NAME, NUMBER, TOLD, Group, TooMany, grouped
from pinakes.tenants.catalogue.marc import Title
from pinakes.tenants.catalogue.models import CatalogueRecord
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


class Search(Struct):
    """How many groups of records were compared, and how many pairs are new.

    ``passed_over`` counts the groups that are too large for it; ``largest`` names some of them.
    """

    groups: int = 0
    found: int = 0
    passed_over: int = 0
    largest: list[TooMany] = field(default_factory=list[TooMany])


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
    async with run.work() as session:
        await session.execute(ONE_PROCESS)
        since = await last_search(session) if run.args.get(CHANGED) else None
        numbers, names = [await grouped(session, key, since) for key in (NUMBER, NAME)]
    groups, passed = numbers.groups + names.groups, numbers.passed + names.passed
    largest = sorted(passed, key=lambda one: -one.records)[:TOLD]
    done = Search(passed_over=len(passed), largest=largest)
    for portion in batched(groups, AT_ONCE):
        async with resting(REST), run.work() as session:
            done.found += await compare(session, portion)
            done.groups += len(portion)
            told: dict[str, Any] = msgspec.to_builtins(done)
            await run.step(session, done.groups, total=len(groups), report=told)
    report: dict[str, Any] = msgspec.to_builtins(done)
    return report


async def last_told(session: AsyncSession) -> Search:
    """What the last search that came to its end has found."""
    ended = Job.kind == DUPLICATES, Job.state == JobState.DONE
    rows = select(Job.report).where(*ended).order_by(Job.id.desc()).limit(1)
    return msgspec.convert(await session.scalar(rows) or {}, Search)


async def last_search(session: AsyncSession) -> datetime | None:
    """Before the last search that came to its end, and before all that it could not see yet."""
    ended = Job.kind == DUPLICATES, Job.state == JobState.DONE
    return await session.scalar(select(func.max(Job.created_at) - LATER).where(*ended))


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
