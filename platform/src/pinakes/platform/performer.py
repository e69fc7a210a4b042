"""The performer: claims jobs as the carrier, does them inside their tenants."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from logging import getLogger
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import delete, func, select, update

from pinakes.platform.db import Database, lock, public_work, unit_of_work
from pinakes.platform.errors import Problem, Unavailable
from pinakes.platform.http import understand
from pinakes.platform.jobs import (
    OPEN,
    GaveUp,
    Handler,
    Job,
    JobCancelled,
    JobDue,
    JobState,
    JobTaken,
    Run,
    asker_of,
)
from pinakes.platform.retry import pause

LEASE = timedelta(seconds=30)
BEAT = 10.0  # seconds
TRIES = 5

CLAIM = """
    -- materialized: a plan that asked the inner query once per row would claim several
    WITH due AS MATERIALIZED (
        SELECT tenant_id, id FROM job_due WHERE due_at <= clock_timestamp()
        ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED)
    UPDATE job_due AS q SET due_at = clock_timestamp() + $1, tries = q.tries + 1
    FROM due WHERE q.tenant_id = due.tenant_id AND q.id = due.id
    RETURNING q.tenant_id, q.id, q.tries
"""

log = getLogger(__name__)

type Handlers = Mapping[str, Handler]


class Claimed(NamedTuple):
    """A job whose lease is ours."""

    tenant_id: int
    id: UUID
    tries: int


async def perform(database: Database, handlers: Handlers) -> int:
    """Do one job to its end, if any is due; how many that were."""
    row = await database.post.fetchrow(CLAIM, LEASE)
    if row is None:
        return 0
    claimed = Claimed(**row)
    run = await take(database, claimed)
    if run is not None and await attempt(database, handlers, run) is None:
        return 1  # somebody will take it up again
    async with public_work(database.carrier) as session:
        await session.execute(delete(JobDue).where(*mine(claimed)))
    return 1


def mine(claimed: Claimed | Run) -> tuple[Any, Any, Any]:
    """The queue's row, as long as nobody else has claimed it since."""
    if isinstance(claimed, Run):
        tenant, tries = claimed.tenant, claimed.attempt
    else:
        tenant, tries = claimed.tenant_id, claimed.tries
    return (JobDue.tenant_id == tenant, JobDue.id == claimed.id, JobDue.tries == tries)


async def take(database: Database, claimed: Claimed) -> Run | None:
    """Mark the job as running; None when there is nothing left to do."""
    async with unit_of_work(database.app, claimed.tenant_id, closed_too=True) as session:
        job = await lock(session, Job, claimed.id)
        if job is None or job.state not in OPEN:
            return None
        if job.cancel_asked or claimed.tries > TRIES:
            job.move(JobState.CANCELLED if job.cancel_asked else JobState.FAILED)
            job.failure = None if job.cancel_asked else (job.failure or GaveUp.code)
            return None
        job.move(JobState.RUNNING)
        job.attempt = claimed.tries
        return Run(
            database=database,
            tenant=job.tenant_id,
            id=job.id,
            attempt=claimed.tries,
            kind=job.kind,
            args=job.args,
            memo=job.memo or {},
            report=job.report,
            asker=asker_of(job),
        )


async def attempt(database: Database, handlers: Handlers, run: Run) -> JobState | None:
    """Call the handler; the job's last state, or None when it is to be tried again."""
    beating = asyncio.create_task(beat(database, run))
    try:
        report = await handlers[run.kind](run)
    except asyncio.CancelledError:
        await asyncio.shield(put_off(database, run, timedelta(0)))
        raise
    except Exception as error:
        return await failed(database, run, error)
    else:
        told = {} if report is None else {"report": report}
        return await end(database, run, JobState.DONE, **told)
    finally:
        beating.cancel()
        with suppress(asyncio.CancelledError):
            await beating


async def failed(database: Database, run: Run, error: Exception) -> JobState | None:
    """Cancelled, taken over, impossible, or to be tried again after a while."""
    if isinstance(error, JobTaken):
        return None
    if isinstance(error, JobCancelled):
        return await end(database, run, JobState.CANCELLED)
    problem = understand(error)
    log.error("job %s (%s) failed: %s", run.id, run.kind, problem.code)
    if isinstance(problem, Unavailable) or (not isinstance(error, Problem) and run.attempt < TRIES):
        await put_off(database, run, timedelta(seconds=1 + pause(run.attempt)))
        return None
    return await end(database, run, JobState.FAILED, failure=problem.code)


async def end(database: Database, run: Run, state: JobState, **values: Any) -> JobState | None:
    """Write the last state, unless another attempt counts by now."""
    async with unit_of_work(database.app, run.tenant, closed_too=True) as session:
        ended = await session.scalars(
            update(Job)
            .where(Job.id == run.id, Job.attempt == run.attempt, Job.state == JobState.RUNNING)
            .values(state=state, heartbeat=func.now(), **values)
            .returning(Job.id)
        )
        return state if ended.first() else None


async def put_off(database: Database, run: Run, wait: timedelta) -> None:
    """Let the job be claimed again after *wait*; a database that is away ends the lease for us."""
    with suppress(Exception):
        async with public_work(database.carrier) as session:
            due = func.clock_timestamp() + wait
            await session.execute(update(JobDue).where(*mine(run)).values(due_at=due))


async def beat(database: Database, run: Run) -> None:
    """Prolong the lease, and hear of a wish to cancel, as long as the handler works."""
    while True:
        await asyncio.sleep(BEAT)
        try:
            async with public_work(database.carrier) as session:
                due = func.clock_timestamp() + LEASE
                await session.execute(update(JobDue).where(*mine(run)).values(due_at=due))
            async with unit_of_work(database.app, run.tenant, closed_too=True) as session:
                asked = select(Job.cancel_asked).where(Job.id == run.id)
                run.cancelled = bool(await session.scalar(asked))
        except Exception:
            log.warning("the heartbeat of job %s was missed", run.id)
