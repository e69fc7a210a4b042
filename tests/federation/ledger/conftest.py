"""What the tests of the ledger share."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner, Result
from commanding import beside
from ledgers import Cell, emptied, housed
from mint import Mint
from served import served

from pinakes.main.app import create_app
from pinakes.main.cli import main
from pinakes.main.embedded.postgres import Postgres
from pinakes.platform.config import Settings

type Run = Callable[..., Awaitable[Result]]


@pytest.fixture(scope="session")
async def house(anyio_backend: str, postgres: Postgres, settings: Settings) -> AsyncIterator[Cell]:
    async with housed(postgres, settings) as cell:
        yield cell


@pytest.fixture
async def cell(house: Cell, tmp_path: Path) -> Cell:
    """Two branches, and a log that has not begun."""
    return await emptied(house, tmp_path)


@pytest.fixture(scope="session")
async def address(house: Cell) -> AsyncIterator[str]:
    """Where the cell's application answers."""
    app = create_app(house.settings)
    async with app.lifespan(), served(app) as address:
        yield address


@pytest.fixture
async def anybody(address: str, cell: Cell) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody without a token."""
    async with httpx.AsyncClient(base_url=f"{address}/v1") as client:
        yield client


@pytest.fixture
async def east(address: str, cell: Cell, mint: Mint) -> AsyncIterator[httpx.AsyncClient]:
    """The administrator of the branch ``east``."""
    headers = mint.staff("administrator@east")
    async with httpx.AsyncClient(base_url=f"{address}/v1", headers=headers) as client:
        yield client


@pytest.fixture
def token(mint: Mint) -> str:
    """Of the administrator of the branch ``east``."""
    return mint.staff("administrator@east")["Authorization"].removeprefix("Bearer ")


@pytest.fixture
def pinakes(cell: Cell) -> Iterator[Run]:
    """Runs ``pinakes ledger …`` in a thread, as the server answers in this one."""

    async def run(*words: object) -> Result:
        asked = ["ledger", *map(str, words)]
        return await asyncio.to_thread(CliRunner().invoke, main, asked)

    with beside(cell.settings):
        yield run
