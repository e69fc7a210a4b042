"""Jobs start with their transaction, go on after a crash, and stop when asked."""

import asyncio
from dataclasses import replace
from typing import Any
from uuid import UUID

import httpx
import pytest
from mint import Mint
from sqlalchemy import select, update

from pinakes.platform.db import Database, engine, public_work, unit_of_work
from pinakes.platform.directory import Tenant
from pinakes.platform.errors import Conflict, Unavailable
from pinakes.platform.following import follow
from pinakes.platform.identity import Principal, Role
from pinakes.platform.jobs import Job, JobDue, JobOver, JobState, Run, cancel, found, start
from pinakes.platform.performer import TRIES, perform

pytestmark = pytest.mark.anyio

ADA = Principal("ada", roles=frozenset({Role.CATALOGUER}))


class NoPaper(Conflict):
    code = "no_paper"
    title = "There is no paper"


class Crash(BaseException):
    """What kill -9 looks like to the rows: nothing after it happens."""


@pytest.fixture(autouse=True)
async def nothing_waits(database: Database) -> None:
    async with public_work(database.carrier) as session:
        await session.execute(JobDue.__table__.delete())  # type: ignore[attr-defined]


async def begin(database: Database, tenant: Tenant, **args: Any) -> UUID:
    async with unit_of_work(database.app, tenant.id, ADA) as session:
        return (await start(session, "count", args)).id


async def look(database: Database, tenant: Tenant, id: UUID) -> Job:
    async with unit_of_work(database.app, tenant.id) as session:
        return await found(session, id)


async def let_leases_end(database: Database) -> None:
    async with public_work(database.carrier) as session:
        await session.execute(update(JobDue).values(due_at=JobDue.created_at))


def counting(upto: int, crash: dict[int, type[BaseException]] | None = None) -> Any:
    """A handler that counts in steps, and crashes once after each step named."""
    crashes = dict(crash or {})

    async def count(run: Run) -> dict[str, Any]:
        for step in range(run.memo.get("step", 0) + 1, upto + 1):
            async with run.work() as session:
                await run.step(session, step, total=upto, memo={"step": step})
                if step in crashes:
                    raise crashes.pop(step)
        return {"counted": run.memo["step"]}

    return count


async def test_a_job_is_done_and_reports(database: Database, tenant: Tenant) -> None:
    id = await begin(database, tenant)
    assert await perform(database, {"count": counting(3)}) == 1
    job = await look(database, tenant, id)
    assert (job.state, job.done, job.total, job.report) == (JobState.DONE, 3, 3, {"counted": 3})
    assert await perform(database, {"count": counting(3)}) == 0


async def test_a_job_works_in_the_name_of_whoever_started_it(
    database: Database, tenant: Tenant
) -> None:
    seen: list[Principal | None] = []

    async def handler(run: Run) -> None:
        async with run.work() as session:
            seen.append(session.info["asker"])

    await begin(database, tenant)
    await perform(database, {"count": handler})
    assert seen == [Principal("ada", roles=ADA.roles)]


async def test_a_job_of_a_rolled_back_transaction_never_runs(
    database: Database, tenant: Tenant
) -> None:
    async with unit_of_work(database.app, tenant.id) as session:
        await start(session, "count", {})
        await session.rollback()
    assert await perform(database, {"count": counting(1)}) == 0


async def test_a_crashed_job_goes_on_where_it_was(database: Database, tenant: Tenant) -> None:
    id = await begin(database, tenant)
    handler = counting(4, {2: Crash, 3: Crash})
    for _ in range(2):
        with pytest.raises(Crash):
            await perform(database, {"count": handler})
        assert await perform(database, {"count": handler}) == 0, "the lease has not ended"
        await let_leases_end(database)
    await perform(database, {"count": handler})
    job = await look(database, tenant, id)
    assert (job.state, job.done, job.attempt) == (JobState.DONE, 4, 3)


async def test_a_job_that_was_taken_over_writes_nothing_more(
    database: Database, tenant: Tenant
) -> None:
    id = await begin(database, tenant)

    async def slow(run: Run) -> None:
        await let_leases_end(database)
        await perform(database, {"count": counting(2)})
        async with run.work() as session:
            await run.step(session, 99)

    await perform(database, {"count": slow})
    job = await look(database, tenant, id)
    assert (job.state, job.done) == (JobState.DONE, 2)


async def test_a_running_job_stops_after_its_step_when_asked(
    database: Database, tenant: Tenant
) -> None:
    id = await begin(database, tenant)

    async def stopped(run: Run) -> None:
        async with run.work() as session:
            await run.step(session, 1)
        async with run.work() as session:
            await cancel(session, run.id)
        async with run.work() as session:
            await run.step(session, 2)

    await perform(database, {"count": stopped})
    job = await look(database, tenant, id)
    assert (job.state, job.done) == (JobState.CANCELLED, 1)


async def test_a_waiting_job_is_cancelled_at_once_and_only_once(
    database: Database, tenant: Tenant
) -> None:
    id = await begin(database, tenant)
    async with unit_of_work(database.app, tenant.id) as session:
        assert (await cancel(session, id)).state is JobState.CANCELLED
    with pytest.raises(JobOver):
        async with unit_of_work(database.app, tenant.id) as session:
            await cancel(session, id)
    await perform(database, {"count": counting(1)})
    assert (await look(database, tenant, id)).done == 0


async def test_who_follows_a_job_and_presses_ctrl_c_cancels_it(
    database: Database, tenant: Tenant
) -> None:
    id = await begin(database, tenant)
    following = asyncio.create_task(follow(database, tenant.id, id, lambda job: str(job.done)))
    await asyncio.sleep(0)
    following.cancel()  # this is what asyncio.run makes of the signal
    assert (await following).state is JobState.CANCELLED


async def test_who_loses_sight_of_a_job_hears_that_it_goes_on(
    database: Database, tenant: Tenant
) -> None:
    id = await begin(database, tenant)
    nobody = engine("postgresql://nobody@127.0.0.1:1/nowhere")
    with pytest.raises(Unavailable, match="goes on by itself"):
        await follow(replace(database, app=nobody), tenant.id, id, lambda job: str(job.done))


async def test_a_job_that_cannot_be_done_says_why(database: Database, tenant: Tenant) -> None:
    async def impossible(run: Run) -> None:
        raise NoPaper("Fill in some.")

    id = await begin(database, tenant)
    await perform(database, {"count": impossible})
    job = await look(database, tenant, id)
    assert (job.state, job.failure) == (JobState.FAILED, "no_paper")


async def test_a_fault_of_ours_is_tried_again_and_given_up_in_the_end(
    database: Database, tenant: Tenant
) -> None:
    async def faulty(run: Run) -> None:
        raise ZeroDivisionError

    id = await begin(database, tenant)
    for _ in range(TRIES):
        assert await perform(database, {"count": faulty}) == 1
        await let_leases_end(database)
    job = await look(database, tenant, id)
    assert (job.state, job.failure, job.attempt) == (JobState.FAILED, "fault", TRIES)


async def test_the_branch_lists_and_cancels_its_own_jobs_only(
    database: Database, tenant: Tenant, neighbour: Tenant, client: httpx.AsyncClient, mint: Mint
) -> None:
    id = await begin(database, tenant)
    for branch, status, count in ((tenant, 200, 1), (neighbour, 404, 0)):
        staff = mint.staff(f"cataloguer@{branch.code}")
        jobs = f"/v1/b/{branch.code}/jobs"
        assert len((await client.get(jobs, headers=staff)).json()["items"]) == count
        assert (await client.get(f"{jobs}/{id}", headers=staff)).status_code == status
        stopped = await client.post(f"{jobs}/{id}/cancel", headers=staff)
        assert stopped.status_code == status
    assert (await look(database, tenant, id)).state is JobState.CANCELLED


async def test_who_might_not_start_a_job_does_not_stop_it(
    database: Database, tenant: Tenant, client: httpx.AsyncClient, mint: Mint
) -> None:
    for kind, may in (("readers.import", 403), ("catalogue.takeout", 403), ("catalogue.undo", 200)):
        async with unit_of_work(database.app, tenant.id, ADA) as session:
            id = (await start(session, kind, {})).id
        path = f"/v1/b/{tenant.code}/jobs/{id}/cancel"
        answer = await client.post(path, headers=mint.staff(f"cataloguer@{tenant.code}"))
        assert (answer.status_code, answer.json().get("code")) == (
            may,
            "job_not_yours" if may == 403 else None,
        )
        if may == 403:
            chief = mint.staff(f"administrator@{tenant.code}")
            assert (await client.post(path, headers=chief)).json()["state"] == "cancelled"


async def test_the_queue_is_hidden_from_other_branches(
    database: Database, tenant: Tenant, neighbour: Tenant
) -> None:
    await begin(database, tenant)
    async with unit_of_work(database.app, neighbour.id) as session:
        assert (await session.scalars(select(JobDue))).all() == []
