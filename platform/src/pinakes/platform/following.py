"""A job followed from the command line, until it ends or somebody has seen enough."""

import asyncio
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from uuid import UUID

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from pinakes.platform.command import OPERATOR
from pinakes.platform.db import Database, parting_work
from pinakes.platform.errors import Unavailable, known
from pinakes.platform.jobs import OPEN, Job, JobOver, JobState, cancel, found
from pinakes.platform.outage import is_outage

LOOK = 0.25  # seconds between two looks at the job


async def follow(database: Database, tenant: int, id: UUID, words: Callable[[Job], str]) -> Job:
    """Show how far the job is until it ends; Ctrl-C asks it to stop after its present batch.

    *words* say what a running job has done so far.
    """
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn())
    screen = Console(stderr=True)
    shown = Progress(*columns, TimeRemainingColumn(), console=screen)
    with reassuring(), shown as progress:
        bar = progress.add_task("…", total=None)
        while True:
            try:
                job = await look(database, tenant, id)
                told = "waiting for the worker" if job.state is JobState.QUEUED else words(job)
                progress.update(bar, description=told, completed=job.done, total=job.total)
                if job.state not in OPEN:
                    return job
                await asyncio.sleep(LOOK)
            except asyncio.CancelledError:
                await stop(database, tenant, id)


@contextmanager
def reassuring() -> Generator[None]:
    """Whoever loses sight of a job hears what becomes of it: only the database knows how far."""
    try:
        yield
    except Exception as error:
        if not is_outage(error):
            raise
        raise Unavailable(
            "Pinakes has stopped. Nothing is lost: what was begun goes on by itself, from where it "
            "is, as soon as Pinakes is up again."
        ) from error


def why(job: Job) -> str:
    """Why the job did not end well, in words."""
    if job.failure is None:
        return f"it was {job.state}"
    titles = {problem.code: problem.title for problem in known()}
    return f"{job.failure}: {titles.get(job.failure, 'see the log of the worker')}"


async def look(database: Database, tenant: int, id: UUID) -> Job:
    async with parting_work(database.app, tenant, OPERATOR) as session:
        return await found(session, id)


async def stop(database: Database, tenant: int, id: UUID) -> None:
    """Ask the job to stop, in spite of our own being asked to."""
    task = asyncio.current_task()
    if task is not None:
        task.uncancel()
    with suppress(JobOver):
        async with parting_work(database.app, tenant, OPERATOR) as session:
            await cancel(session, id)
