"""The process that reads a large file ends with whoever reads what it found."""

import asyncio
from contextlib import aclosing
from pathlib import Path

import pytest
from books import book

from pinakes.tenants.catalogue.apart import Order, read_apart
from pinakes.tenants.catalogue.batches import How

pytestmark = pytest.mark.anyio

MANY = 12_000  # far more than the pipe and its reader hold


async def test_a_reader_that_turns_away_early_is_not_held_up(tmp_path: Path) -> None:
    file = tmp_path / "books.mrc"
    file.write_bytes(b"".join(book(str(n), "书名" * 20).as_marc() for n in range(MANY)))
    with file.open("rb") as opened:
        async with asyncio.timeout(60), aclosing(read_apart(Order(opened.fileno(), How()))) as all:
            first = await anext(all)
            await asyncio.sleep(1)  # meanwhile the pipe fills up, and is read no further
    assert first
