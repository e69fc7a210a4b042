"""What the tests of readers share: a real issuer, and a desk."""

from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
from issuing import Issuer
from lending import Desk, desk_at
from litestar import Litestar
from mint import Mint
from registering import Visitor, register
from sqlalchemy import text

from pinakes.platform.db import Database, unit_of_work
from pinakes.platform.directory import Tenant
from pinakes.platform.login import Accounts
from pinakes.tenants.readers.misses import MISSES


@pytest.fixture
async def accounts(app: Litestar, issuer: Issuer) -> AsyncIterator[Accounts]:
    """The accounts at a real issuer, which the application keeps its readers at."""
    before = app.state.accounts
    async with issuer.accounts() as accounts:
        app.state.accounts = accounts
        yield accounts
    app.state.accounts = before


@pytest.fixture
def desk(client: httpx.AsyncClient, mint: Mint, tenant: Tenant, accounts: Accounts) -> Desk:
    """The desk of a branch."""
    assert accounts
    return desk_at(client, mint, tenant)


@pytest.fixture
def away(client: httpx.AsyncClient, mint: Mint, neighbour: Tenant, accounts: Accounts) -> Desk:
    """The desk of another branch of the consortium."""
    assert accounts
    return desk_at(client, mint, neighbour)


@pytest.fixture(autouse=True)
def nobody_has_missed() -> Iterator[None]:
    """Guesses of one test are not counted in the next."""
    yield
    MISSES.seen.clear()


@pytest.fixture
async def visitor(database: Database, mint: Mint, desk: Desk, away: Desk) -> Visitor:
    """A reader of the one branch who goes to the other."""
    made = await register(desk)
    number: str = made["cards"][0]["number"]
    async with unit_of_work(database.app, desk.here.id) as session:
        look = text("SELECT person_id FROM card_lookup(:number)")
        person = (await session.execute(look, {"number": number})).scalar_one()
    headers = mint.reader(person, desk.here.code)
    return Visitor(made["reader"]["id"], number, person, desk, away, headers)
