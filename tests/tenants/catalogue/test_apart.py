"""The process that reads a large file begins before it is whole, and ends with whoever listens."""

import asyncio
from collections.abc import Generator
from contextlib import aclosing, contextmanager
from pathlib import Path
from typing import BinaryIO

import pytest
from books import book

from pinakes.platform.objects import ObjectMissing
from pinakes.tenants.catalogue.apart import Order, read_apart
from pinakes.tenants.catalogue.batches import How

pytestmark = pytest.mark.anyio

MANY = 4_000  # far more than the pipe and its reader hold


async def test_a_reader_that_turns_away_early_is_not_held_up(tmp_path: Path) -> None:
    many = books(MANY)
    with begun(tmp_path) as file:
        reading = read_apart(order(file, len(many)), filled(file, many))
        async with asyncio.timeout(60), aclosing(reading) as all:
            first = await anext(all)
            await asyncio.sleep(1)  # meanwhile the pipe fills up, and is read no further
    assert first


async def test_a_file_is_read_while_it_is_being_fetched(tmp_path: Path) -> None:
    half, whole = books(2_500), books(3_000)
    rest = asyncio.Event()

    async def fetched() -> None:
        await filled(file, half)
        await rest.wait()
        await filled(file, whole[len(half) :])

    with begun(tmp_path) as file:
        reading = read_apart(order(file, len(whole)), fetched())
        async with asyncio.timeout(60), aclosing(reading) as all:
            read = [await anext(all)]  # all but the rest would be waited for in vain
            rest.set()
            read += [portion async for portion in all]
    assert sum(portion.counts.read for portion in read) == 3_000
    assert not any(portion.broken for portion in read)


async def test_what_kept_the_file_from_being_fetched_is_told(tmp_path: Path) -> None:
    async def broken_off() -> None:
        await filled(file, books(10))
        raise ObjectMissing("It is gone.")

    with begun(tmp_path) as file:
        reading = read_apart(order(file, 1 << 20), broken_off())
        with pytest.raises(ObjectMissing):
            await anext(reading)


@contextmanager
def begun(folder: Path) -> Generator[BinaryIO]:
    with (folder / "books.mrc").open("w+b") as file:
        yield file


def books(number: int) -> bytes:
    return b"".join(book(str(n), "书名" * 200).as_marc() for n in range(number))


def order(file: BinaryIO, size: int) -> Order:
    return Order(file.fileno(), size, How())


async def filled(file: BinaryIO, content: bytes) -> None:
    file.write(content)
    file.flush()
