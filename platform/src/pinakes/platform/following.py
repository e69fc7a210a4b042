"""A job followed from the command line, until it ends or somebody has seen enough."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from uuid import UUID

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from pinakes.platform.command import OPERATOR
from pinakes.platform.db import Database, parting_work
from pinakes.platform.jobs import OPEN, Job, JobOver, JobState, cancel, found

LOOK = 0.25  # seconds between two looks at the job


async def follow(database: Database, tenant: int, id: UUID, words: Callable[[Job], str]) -> Job:
    """Show how far the job is until it ends; Ctrl-C asks it to stop after its present batch.

    *words* say what a running job has done so far.
    """
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn())
    screen = Console(stderr=True)
    with Progress(*columns, TimeRemainingColumn(), console=screen) as progress:
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
