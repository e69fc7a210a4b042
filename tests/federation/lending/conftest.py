"""Branches that lend to one another."""

import asyncio
from collections.abc import Iterator

import asyncpg
import httpx
import pytest
from borrowing import Borrowing
from conftest import MakeTenant
from lending import Desk, desk_at, enrol, rule
from litestar import Litestar
from mint import Mint
from sqlalchemy import text

from pinakes.federation.lending import timers
from pinakes.main.embedded.postgres import Postgres
from pinakes.platform.config import Settings
from pinakes.platform.db import Database, public_work
from pinakes.tenants.items.machine import MOVES


@pytest.fixture
async def borrowing(
    app: Litestar,
    database: Database,
    make_tenant: MakeTenant,
    items_move_by_their_table: None,
    monkeypatch: pytest.MonkeyPatch,
) -> Borrowing:
    """Three branches of one consortium; the supplier answers by itself."""
    monkeypatch.setattr(timers, "BATCH", 10_000)  # those that earlier tests have left ring first
    hub = await make_tenant(kind="hub")
    home, supplier, pickup = [await make_tenant(hub) for _ in range(3)]
    for branch in (home, supplier, pickup):
        await rule(database, branch, calendar_closed_weekdays=[])
    await rule(database, supplier, supply_answers="automatic")
    reader = await enrol(database, home)
    return Borrowing(database, app.state.directory, home, supplier, pickup, reader)


@pytest.fixture
def me(mint: Mint, borrowing: Borrowing) -> dict[str, str]:
    """Headers of the reader."""
    return mint.reader(borrowing.reader.person, borrowing.home.code)


@pytest.fixture
def desks(client: httpx.AsyncClient, mint: Mint, borrowing: Borrowing) -> dict[str, Desk]:
    """The three desks, by what their branch is."""
    b = borrowing
    branches = {"home": b.home, "supplier": b.supplier, "pickup": b.pickup}
    return {name: desk_at(client, mint, branch) for name, branch in branches.items()}


@pytest.fixture
async def no_other_clocks(database: Database) -> None:
    """What other tests have left behind rings no more."""
    async with public_work(database.carrier) as session:
        await session.execute(text("UPDATE alarm SET due_at = 'infinity'"))


WATCH = """
    CREATE TABLE moves_seen (was text, became text);
    CREATE FUNCTION see_move() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
    BEGIN INSERT INTO public.moves_seen VALUES (OLD.status, NEW.status); RETURN NULL; END $$;
    CREATE TRIGGER see_move AFTER UPDATE ON item FOR EACH ROW
        WHEN (OLD.status <> NEW.status) EXECUTE FUNCTION see_move();
"""
UNWATCH = "DROP FUNCTION see_move CASCADE; DROP TABLE moves_seen"


@pytest.fixture(scope="module")
def items_move_by_their_table(settings: Settings, postgres: Postgres) -> Iterator[None]:
    """Whatever the functions of the database do with items, their machine knows of it."""
    assert settings  # they have migrated the database
    asyncio.run(told(postgres, WATCH))
    yield
    seen = asyncio.run(told(postgres, "SELECT DISTINCT was, became FROM moves_seen"))
    asyncio.run(told(postgres, UNWATCH))
    assert {tuple(row) for row in seen} <= {(start, end) for (start, _), end in MOVES.items()}


async def told(postgres: Postgres, script: str) -> list[asyncpg.Record]:
    """What the owner of the tables is told."""
    owner = await asyncpg.connect(postgres.address("pinakes"))
    try:
        if script.startswith("SELECT"):
            return await owner.fetch(script)
        await owner.execute(script)
        return []
    finally:
        await owner.close()
