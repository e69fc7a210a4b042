"""Long work: seen while it runs, cancelled when asked, taken up again after a crash.

A job is a row of its tenant; the queue beside it holds ids alone
(``platform/decisions/0001-own-job-queue.md``).
"""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from msgspec import Struct
from sqlalchemy import BigInteger, Index, false, func, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from pinakes.platform.db import (
    Base,
    Database,
    TenantOwned,
    lock,
    parting_work,
    unit_of_work,
    uuid7,
)
from pinakes.platform.errors import Conflict, Fault, NotFound
from pinakes.platform.identity import Principal, Role
from pinakes.platform.wake import WAKE


class JobState(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


MOVES = {
    JobState.QUEUED: {JobState.RUNNING, JobState.CANCELLED, JobState.FAILED},
    JobState.RUNNING: {JobState.RUNNING, JobState.DONE, JobState.FAILED, JobState.CANCELLED},
}
OPEN = frozenset(MOVES)


class JobNotFound(NotFound):
    code = "job_not_found"
    title = "There is no such job"


class JobOver(Conflict):
    code = "job_over"
    title = "This job has ended"


class GaveUp(Fault):
    """Its worker went away each time; nobody begins it again."""

    code = "gave_up"
    title = "The job broke off too often"


class JobCancelled(Exception):
    """Raised inside a handler when somebody has asked it to stop."""


class JobTaken(Exception):
    """Another worker has taken the job over: whoever notices leaves it alone."""


class Job(TenantOwned, Base):
    """One piece of long work; ``memo`` is where to go on after a crash."""

    __tablename__ = "job"

    kind: Mapped[str]
    state: Mapped[JobState] = mapped_column(default=JobState.QUEUED)
    args: Mapped[dict[str, Any]]
    attempt: Mapped[int] = mapped_column(server_default="0")
    done: Mapped[int] = mapped_column(BigInteger, server_default="0")
    total: Mapped[int | None] = mapped_column(BigInteger)
    memo: Mapped[dict[str, Any] | None]
    report: Mapped[dict[str, Any] | None]
    failure: Mapped[str | None]  # a problem's code
    cancel_asked: Mapped[bool] = mapped_column(server_default=false())
    heartbeat: Mapped[datetime | None]
    actor: Mapped[str | None]
    role: Mapped[str | None]

    def move(self, state: JobState) -> None:
        """Go to *state*, or JobOver."""
        if state not in MOVES.get(self.state, set()):
            raise JobOver(f"The job is {self.state}; nothing can change that.")
        self.state = state


class JobDue(TenantOwned, Base):
    """A job that somebody has to do, by the same id; ``due_at`` lies ahead while it is leased."""

    __tablename__ = "job_due"
    __table_args__ = (Index("job_due_due_at", "due_at"),)

    due_at: Mapped[datetime] = mapped_column(server_default=func.now())
    tries: Mapped[int] = mapped_column(server_default="0")


class JobView(Struct, kw_only=True):
    """A job as its owner sees it."""

    id: UUID
    kind: str
    state: JobState
    done: int
    total: int | None
    report: dict[str, Any] | None
    failure: str | None
    cancel_asked: bool
    created_at: datetime
    heartbeat: datetime | None


def job_view(job: Job) -> JobView:
    """What may be told about *job*."""
    return JobView(**{name: getattr(job, name) for name in JobView.__struct_fields__})


async def start(
    session: AsyncSession, kind: str, args: dict[str, Any], *, after: timedelta | None = None
) -> Job:
    """Queue a job, if and only if this transaction commits; nobody begins it before *after*."""
    asker: Principal | None = session.info.get("asker")
    job = Job(
        id=uuid7(),
        kind=kind,
        args=args,
        actor=asker.subject if asker else None,
        role=asker.role if asker else None,
    )
    due = {} if after is None else {"due_at": func.clock_timestamp() + after}
    session.add_all([job, JobDue(id=job.id, **due)])
    await session.flush()
    await session.refresh(job)
    session.info["told"] = True  # after the commit the worker is woken
    return job


async def found(session: AsyncSession, id: UUID) -> Job:
    """The job *id* of this tenant, or JobNotFound."""
    job = await session.get(Job, (session.info["tenant"], id), populate_existing=True)
    if job is None:
        raise JobNotFound("This branch has no job with this id.")
    return job


async def cancel(session: AsyncSession, id: UUID) -> Job:
    """Ask a job to stop: at once when it waits, after its present step when it runs."""
    job = await lock(session, Job, id)
    if job is None:
        raise JobNotFound("This branch has no job with this id.")
    if job.state not in OPEN:
        raise JobOver(f"The job is {job.state}; nothing can change that.")
    job.cancel_asked = True
    if job.state is JobState.QUEUED:
        job.move(JobState.CANCELLED)
    await session.flush()
    return job


@dataclass(slots=True)
class Run:
    """One attempt at a job, as its handler sees it.

    A handler may be cut off anywhere and started again: each of its steps is
    one transaction that also calls ``step``.
    """

    database: Database
    tenant: int
    id: UUID
    attempt: int
    kind: str
    args: dict[str, Any]
    memo: dict[str, Any]
    report: dict[str, Any] | None = None
    asker: Principal | None = None
    cancelled: bool = field(default=False)

    @asynccontextmanager
    async def work(self) -> AsyncGenerator[AsyncSession]:
        """A transaction in the job's tenant, in the name of whoever started it.

        What it tells others is carried at once: no command's wake-up may come behind it.
        """
        async with unit_of_work(self.database.app, self.tenant, self.asker) as session:
            yield session
        await self.database.post.execute(WAKE)

    @asynccontextmanager
    async def parting_work(self) -> AsyncGenerator[AsyncSession]:
        """The same, and also while the branch is leaving."""
        async with parting_work(self.database.app, self.tenant, self.asker) as session:
            yield session

    async def step(
        self,
        session: AsyncSession,
        done: int,
        *,
        total: int | None = None,
        memo: dict[str, Any] | None = None,
        report: dict[str, Any] | None = None,
    ) -> None:
        """Write progress, report and the point to go on from, in the step's own transaction.

        Raises:
            JobCancelled: somebody has asked the job to stop; the step is undone.
            JobTaken: this attempt is no longer the one that counts.
        """
        told = {"total": total, "memo": memo, "report": report}
        values = {name: value for name, value in told.items() if value is not None}
        asked = await session.scalar(
            update(Job)
            .where(Job.id == self.id, Job.attempt == self.attempt, Job.state == JobState.RUNNING)
            .values(done=done, heartbeat=func.now(), **values)
            .returning(Job.cancel_asked)
        )
        if asked is None:
            raise JobTaken
        if asked or self.cancelled:
            raise JobCancelled
        if memo is not None:
            self.memo = memo


type Handler = Callable[[Run], Awaitable[dict[str, Any] | None]]
"""Does a job and returns its report; may be called again for the same job at any time."""


def asker_of(job: Job) -> Principal | None:
    """Whoever started the job, with the one role it is done in."""
    if job.actor is None or job.role is None or job.role not in set(Role):
        return None
    return Principal(job.actor, roles=frozenset({Role(job.role)}))
