"""What the tests of readers share: a real issuer, and a desk."""

from collections.abc import AsyncIterator

import httpx
import pytest
from issuing import Issuer, issuer
from lending import Desk, desk_at
from litestar import Litestar
from mint import Mint

from pinakes.platform.directory import Tenant
from pinakes.platform.login import Accounts

__all__ = ["issuer"]


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
