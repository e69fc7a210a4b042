"""Every test of a checkout is held over both roads: our own, and the bench's ORM."""

from collections.abc import AsyncIterator

import httpx
import pytest
from lending import Bearer, Desk, desk_at, enrol, stock
from litestar import Litestar
from mint import Mint

from pinakes.main.app import create_app, dress
from pinakes.main.bench import orm
from pinakes.main.features import FEATURES
from pinakes.platform.config import Settings
from pinakes.platform.db import Database
from pinakes.platform.directory import Tenant


@pytest.fixture(scope="session")
async def orm_app(anyio_backend: str, settings: Settings) -> AsyncIterator[Litestar]:
    """The application with the ORM's checkout in place of our own."""
    others = [feature for feature in FEATURES if feature.name != "circulation"]
    app = create_app(settings, [*others, orm.feature])
    async with app.lifespan():
        yield app


@pytest.fixture(params=["hot", "orm"])
async def desk(
    request: pytest.FixtureRequest, app: Litestar, orm_app: Litestar, mint: Mint, tenant: Tenant
) -> AsyncIterator[Desk]:
    """The desk of the test's own branch."""
    over = orm_app if request.param == "orm" else app
    await orm_app.state.directory.refresh(orm_app.state.database.app)
    transport = httpx.ASGITransport(app=dress(over))
    async with httpx.AsyncClient(transport=transport, base_url="http://pinakes.test") as client:
        yield desk_at(client, mint, tenant)


@pytest.fixture
async def reader(database: Database, tenant: Tenant) -> Bearer:
    """A reader whose home is the test's own branch."""
    return await enrol(database, tenant)


@pytest.fixture
async def book(database: Database, tenant: Tenant) -> str:
    """The barcode of a book on its shelf."""
    (barcode,) = await stock(database, tenant)
    return barcode
