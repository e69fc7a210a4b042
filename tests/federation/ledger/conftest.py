"""What the tests of the ledger share."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from ledgers import Cell, emptied, housed

from pinakes.main.embedded.postgres import Postgres
from pinakes.platform.config import Settings


@pytest.fixture(scope="session")
async def house(anyio_backend: str, postgres: Postgres, settings: Settings) -> AsyncIterator[Cell]:
    async with housed(postgres, settings) as cell:
        yield cell


@pytest.fixture
async def cell(house: Cell, tmp_path: Path) -> Cell:
    """Two branches, and a log that has not begun."""
    return await emptied(house, tmp_path)
