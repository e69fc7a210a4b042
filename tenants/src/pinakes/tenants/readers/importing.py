"""Readers from a table: staged line by line, taken in by a job, each line reported on.

A second run of the same file changes nothing; a run that is cut off goes on
behind its last batch.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.platform.audit import note
from pinakes.platform.db import uuid7
from pinakes.platform.jobs import Job, Run, start
from pinakes.platform.login import Accounts
from pinakes.tenants.readers.batch import Batch
from pinakes.tenants.readers.models import ReaderLine
from pinakes.tenants.readers.schemas import ImportReport, LineView
from pinakes.tenants.readers.table import REASONS, Line, LineRefused, Row

KIND = "readers.import"
BATCH = 200  # lines in one transaction
STAGED = 1000  # lines in one order


async def stage(session: AsyncSession, lines: Sequence[Line], *, dry_run: bool) -> Job:
    """Write the lines down and queue the job that takes them in."""
    job = await start(session, KIND, {"dry_run": dry_run})
    for first in range(0, len(lines), STAGED):
        await session.execute(
            insert(ReaderLine),
            [
                {
                    "id": uuid7(),
                    "job_id": job.id,
                    "line": line.number,
                    "cells": msgspec.to_builtins(line.row) if line.row else None,
                    "outcome": "refused" if line.reason else None,
                    "reason": line.reason,
                }
                for line in lines[first : first + STAGED]
            ],
        )
    note(session, KIND, job.id)
    return job


async def bring_in(run: Run, accounts: Accounts) -> dict[str, Any]:
    """Take all staged lines of the job in; its report."""
    dry_run = bool(run.args["dry_run"])
    while True:
        async with run.work() as session:
            lines = await waiting(session, run.id)
            if not lines:
                told = await report(session, run.id, dry_run=dry_run)
                return {name: getattr(told, name) for name in told.__struct_fields__}
            await take_in(session, accounts, lines, dry_run=dry_run)
            done, total = await progress(session, run.id)
            await run.step(session, done, total=total)


async def waiting(session: AsyncSession, job: UUID) -> Sequence[ReaderLine]:
    rows = await session.scalars(
        select(ReaderLine)
        .where(ReaderLine.job_id == job, ReaderLine.outcome.is_(None))
        .order_by(ReaderLine.line)
        .limit(BATCH)
    )
    return rows.all()


async def take_in(
    session: AsyncSession, accounts: Accounts, lines: Sequence[ReaderLine], *, dry_run: bool
) -> None:
    """Settle a batch of lines; what was personal in them is dropped."""
    rows = [msgspec.convert(line.cells, Row) for line in lines]
    batch = await Batch.meet(session, [number for row in rows for number in row.numbers])
    for line, row in zip(lines, rows, strict=True):
        try:
            line.outcome = batch.settle(line.id, row)
        except LineRefused as refused:
            line.outcome, line.reason = "refused", str(refused)
        line.cells = None
    if dry_run:
        batch.forget(session)
    else:
        await batch.keep(session, accounts)
    await session.flush()


async def progress(session: AsyncSession, job: UUID) -> tuple[int, int]:
    """Lines done, and lines in all."""
    counted = select(func.count(ReaderLine.outcome), func.count()).where(ReaderLine.job_id == job)
    done, total = (await session.execute(counted)).one()
    return int(done), int(total)


async def report(session: AsyncSession, job: UUID, *, dry_run: bool) -> ImportReport:
    """What became of the lines, counted."""
    counted = await session.execute(
        select(ReaderLine.outcome, ReaderLine.reason, func.count())
        .where(ReaderLine.job_id == job)
        .group_by(ReaderLine.outcome, ReaderLine.reason)
    )
    outcomes, reasons = Counter[str](), Counter[str]()
    for outcome, reason, count in counted:
        outcomes[str(outcome)] += count
        if reason:
            reasons[reason] += count
    return ImportReport(lines=outcomes.total(), reasons=dict(reasons), dry_run=dry_run, **outcomes)


def line_view(line: ReaderLine) -> LineView:
    """A line as people read it, in both languages."""
    zh, en = REASONS[line.reason] if line.reason else (None, None)
    return LineView(line=line.line, outcome=line.outcome, code=line.reason, zh=zh, en=en)


async def lines_of(session: AsyncSession, job: UUID, after: int, limit: int) -> list[LineView]:
    """The lines behind the line *after*, in the order of the file."""
    rows = await session.scalars(
        select(ReaderLine)
        .where(ReaderLine.job_id == job, ReaderLine.line > after)
        .order_by(ReaderLine.line)
        .limit(limit)
    )
    return [line_view(row) for row in rows]
