"""Branches that lend to one another."""

import pytest
from borrowing import Borrowing
from conftest import MakeTenant
from lending import enrol, rule
from litestar import Litestar

from pinakes.platform.db import Database


@pytest.fixture
async def borrowing(app: Litestar, database: Database, make_tenant: MakeTenant) -> Borrowing:
    """Three branches of one consortium; the supplier answers by itself."""
    hub = await make_tenant(kind="hub")
    home, supplier, pickup = [await make_tenant(hub) for _ in range(3)]
    for branch in (home, supplier, pickup):
        await rule(database, branch, calendar_closed_weekdays=[])
    await rule(database, supplier, supply_answers="automatic")
    reader = await enrol(database, home)
    return Borrowing(database, app.state.directory, home, supplier, pickup, reader)
