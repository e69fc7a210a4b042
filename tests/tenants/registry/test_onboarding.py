"""A branch moves in, whatever happens on the way."""

import asyncio
import sys
from pathlib import Path

import pytest
from moving import OPERATOR, line, moved_in, settled, wish
from sqlalchemy import func, select

from pinakes.main.bench.serving import environment
from pinakes.platform.admin import WrongCredentials
from pinakes.platform.audit import Audit
from pinakes.platform.config import Settings
from pinakes.platform.db import public_work, unit_of_work
from pinakes.platform.doors import Doors
from pinakes.platform.objects import StoreRefused
from pinakes.tenants.registry import placement, service
from pinakes.tenants.registry.machine import Kind, State
from pinakes.tenants.registry.models import Tenant
from pinakes.tenants.registry.onboarding import LAST, behind, onboard, progress
from pinakes.tenants.registry.schemas import NewBranch
from pinakes.tenants.registry.settings import effective
from pinakes.tenants.registry.steps import STEPS
from pinakes.tenants.staff.models import Staff

pytestmark = pytest.mark.anyio

AGENCY = "catalogue.agency"
CRASH = Path(__file__).with_name("crash.py")


async def branch(doors: Doors, code: str) -> Tenant:
    async with public_work(doors.database.app) as session:
        return await service.coded(session, code)


async def test_a_branch_moves_in_by_one_call(doors: Doors) -> None:
    done = await moved_in(doors)
    assert done.result == "created"
    assert done.branch.state == State.ACTIVE
    row = await branch(doors, done.branch.code)
    assert set((await progress(doors.database, row)).steps.values()) == {True}


async def test_its_first_password_works_once(doors: Doors) -> None:
    done = await moved_in(doors)
    assert done.password
    with pytest.raises(WrongCredentials, match="has to be changed"):
        await doors.accounts.direct_token("staff", done.admin, done.password)
    headers = await settled(doors, done)
    assert headers


async def test_asking_twice_is_asking_once(doors: Doors) -> None:
    asked = wish()
    await onboard(doors, OPERATOR, asked)
    again = await onboard(doors, OPERATOR, asked)
    assert (again.result, again.password) == ("unchanged", None)
    row = await branch(doors, asked.code)
    async with unit_of_work(doors.database.app, row.id) as session:
        assert await session.scalar(select(func.count()).select_from(Staff)) == 1


async def test_its_bucket_opens_to_its_own_session_only(doors: Doors) -> None:
    own, other = [(await moved_in(doors)).branch.code for _ in range(2)]
    row = await branch(doors, own)
    async with unit_of_work(doors.database.app, row.id) as session:
        store = await placement.store(session, doors.objects)
    await store.put("book", b"ours")
    assert await store.get("book") == b"ours"

    mine, theirs = placement.first_placement(own), placement.first_placement(other)
    client = doors.objects.client(mine)
    with pytest.raises(client.exceptions.ClientError, match="AccessDenied"):
        client.put_object(Bucket=theirs.bucket, Key="book", Body=b"not ours")
    with pytest.raises(StoreRefused):
        await doors.objects.run(lambda: client.get_object(Bucket=theirs.bucket, Key="book"))


async def test_it_inherits_all_rules_but_catalogues_under_its_own_name(doors: Doors) -> None:
    hub, point = await line(doors, Kind.HUB, Kind.POINT)
    async with public_work(doors.database.app) as session:
        own = await effective(session, (await service.coded(session, hub.branch.code)).id, AGENCY)
        below = await effective(
            session, (await service.coded(session, point.branch.code)).id, AGENCY
        )
    assert (own.value, own.origin) == (hub.branch.code, "own")
    assert (below.value, below.origin) == (hub.branch.code, hub.branch.code)


async def test_moving_in_is_written_down(doors: Doors) -> None:
    row = await branch(doors, (await moved_in(doors)).branch.code)
    async with unit_of_work(doors.database.app, row.id) as session:
        log = (await session.scalars(select(Audit).order_by(Audit.id))).all()
    assert [line.operation for line in log] == [
        "tenants.create",
        "settings.decide",
        "staff.add",
        "tenants.activate",
    ]
    assert {(line.actor, line.role) for line in log} == {("tests", "operator")}


async def finish(doors: Doors, asked: NewBranch) -> None:
    """The next run finishes what the last one left, all of it, once."""
    done = await onboard(doors, OPERATOR, asked)
    row = await branch(doors, asked.code)
    assert row.state == State.ACTIVE
    assert await behind(doors.database, row.id) == set(STEPS)
    async with unit_of_work(doors.database.app, row.id) as session:
        assert await session.scalar(select(func.count()).select_from(Staff)) == 1
        await (await placement.store(session, doors.objects)).put("book", b"ours")
    if done.result == "finished":
        assert await settled(doors, done)


async def test_a_killed_onboarding_is_finished_by_the_next(
    doors: Doors, house_settings: Settings
) -> None:
    asked = [(wish(), f"{step}:{part}") for step in (*STEPS, LAST) for part in ("before", "after")]
    points = [f"{one.code}:{point}" for one, point in asked]
    told = environment(house_settings)
    process = await asyncio.create_subprocess_exec(sys.executable, CRASH, *points, env=told)
    assert await process.wait() == 0
    await asyncio.gather(*(finish(doors, one) for one, _ in asked))


async def test_it_does_not_matter_how_the_first_run_failed(doors: Doors) -> None:
    class Stumble(Exception):
        pass

    asked = wish()
    for step in (*STEPS, LAST):

        def stumble(at: str, done: bool, step: str = step) -> None:
            if at == step and done:
                raise Stumble

        with pytest.raises(Stumble):
            await onboard(doors, OPERATOR, asked, stumble)
    await finish(doors, asked)
