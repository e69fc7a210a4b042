"""Cards: one presented number is resolved, and no list can be had."""

import pytest
from sqlalchemy import text

from pinakes.platform.db import Database, unit_of_work
from pinakes.platform.directory import Tenant

pytestmark = pytest.mark.anyio


async def test_an_unknown_card_is_nobody(database: Database, tenant: Tenant) -> None:
    async with unit_of_work(database.app, tenant.id) as session:
        assert (await session.execute(text("SELECT * FROM card_lookup('1')"))).all() == []
