"""The sample consortium: there after the first run, and the same after the second."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from commanding import beside
from sqlalchemy import text

from pinakes.main.demo import library
from pinakes.main.demo.kept import kept
from pinakes.main.demo.people import card
from pinakes.main.demo.planting import plant
from pinakes.main.worker import work
from pinakes.platform.config import Settings, settings
from pinakes.platform.db import unit_of_work
from pinakes.platform.doors import Doors
from pinakes.platform.identity import Role
from pinakes.tenants.registry.machine import Kind
from pinakes.tenants.registry.service import found

pytestmark = pytest.mark.anyio

COUNTS = ("staff", "reader", "card", "record", "item", "audit", "job")


@pytest.fixture(scope="module")
def data(house_settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder whose settings are ours."""
    with beside(house_settings):
        yield tmp_path_factory.mktemp("data")


@pytest.fixture(scope="module")
async def planted(anyio_backend: str, data: Path) -> AsyncIterator[list[str]]:
    """What the first run says, with a worker running."""
    worker = asyncio.create_task(work(settings()))
    yield await plant(data)
    worker.cancel()
    with suppress(asyncio.CancelledError):
        await worker


async def counts(doors: Doors) -> dict[str, list[int]]:
    """How many rows of each kind every branch has."""
    told: dict[str, list[int]] = {}
    for place in library.PLACES:
        tenant = (await found(doors.database, place.code)).id
        async with unit_of_work(doors.database.app, tenant) as session:
            told[place.code] = [
                int(await session.scalar(text(f"SELECT count(*) FROM {table}")) or 0)
                for table in COUNTS
            ]
    return told


async def test_it_has_every_kind_of_branch(planted: list[str], doors: Doors) -> None:
    kinds = [place.kind for place in library.PLACES]
    assert [kinds.count(kind) for kind in Kind] == [1, 1, 2, 5, 1]
    rows = await counts(doors)
    assert all(row[0] == len(library.STAFF) for row in rows.values())
    assert all(row[1] == len(library.READERS) for row in rows.values())
    assert [row[3] for row in rows.values()] == [
        len(range(120)[place.books]) if place.books else 0 for place in library.PLACES
    ]
    assert planted[0].startswith("A sample consortium of 10 branches")


async def test_a_second_run_changes_nothing(planted: list[str], doors: Doors, data: Path) -> None:
    before, secrets = await counts(doors), kept(data)
    assert await plant(data) == planted
    assert (await counts(doors), kept(data)) == (before, secrets)


async def test_its_people_can_log_in(planted: list[str], doors: Doors, data: Path) -> None:
    told = kept(data)
    for name, role in library.STAFF:
        assert role in Role
        tokens = await doors.accounts.direct_token("staff", f"{name}@yuehu", told["password"])
        assert tokens["access_token"]
    tenant = (await found(doors.database, "yuehu")).id
    for serial in (1, 2, 3):
        assert await doors.accounts.direct_token("readers", card(tenant, serial), told["pin"])
    assert await doors.accounts.direct_token("staff", "operator", told["password"])


async def test_a_run_that_was_cut_short_is_finished_by_the_next(
    planted: list[str], doors: Doors, data: Path
) -> None:
    before, told = await counts(doors), kept(data)
    (data / "demo.json").unlink()
    again = await plant(data)
    assert [row[1:5] for row in (await counts(doors)).values()] == [
        row[1:5] for row in before.values()
    ]
    assert again[0] == planted[0]
    fresh, tenant = kept(data), (await found(doors.database, "hub")).id
    assert fresh["pin"] != told["pin"]
    assert await doors.accounts.direct_token("staff", "desk@hub", fresh["password"])
    assert await doors.accounts.direct_token("readers", card(tenant, 1), fresh["pin"])
