"""A file is read piece by piece; pieces are written as one while nobody is in a hurry."""

import io
from collections.abc import AsyncGenerator, Sequence

import pytest
from books import Import, book, file_of

from pinakes.platform.bustle import BUSTLE
from pinakes.tenants.catalogue import batches
from pinakes.tenants.catalogue.batches import How, Portion, portions
from pinakes.tenants.catalogue.jobs import together

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "PIECE", 10)
    monkeypatch.setattr(BUSTLE, "seen", float("-inf"))


def read(numbers: Sequence[int]) -> list[Portion]:
    file = file_of(*(book(str(number), f"书{at}") for at, number in enumerate(numbers)))
    return list(portions(io.BytesIO(file), How()))


async def written(pieces: Sequence[Portion]) -> list[int]:
    """How many records each portion has that is written."""

    async def coming() -> AsyncGenerator[Portion]:
        for piece in pieces:
            yield piece

    return [one.counts.read async for one in together(coming())]


async def test_the_first_portions_are_small_and_the_others_as_large_as_may_be() -> None:
    pieces = read(range(2500))
    assert {one.counts.read for one in pieces[:-1]} == {10}
    sizes = await written(pieces)
    assert sizes[:5] == [10, 20, 40, 80, 160]
    assert (max(sizes), sum(sizes)) == (1000, 2500)


async def test_while_a_desk_is_busy_each_piece_is_written_by_itself() -> None:
    BUSTLE.see()
    assert await written(read(range(35))) == [10, 10, 10, 5]


async def test_a_trial_counts_what_comes_twice_as_the_import_does(bring: Import) -> None:
    books = [book(str(number), f"书{at}") for at, number in enumerate([*range(20), *range(20)])]
    for trial in (True, False):
        job = await bring(file_of(*books), dry_run=trial)
        assert job.report
        assert (job.report["new"], job.report["updated"]) == (20, 20)


async def test_pieces_with_the_same_number_are_not_written_as_one(bring: Import) -> None:
    numbers = [*range(10), *range(100, 125), 100]
    groups = [one.group for one in read(numbers)]
    assert groups == [0, 1, 1, 2]
    books = [book(str(number), f"书{at}") for at, number in enumerate(numbers)]
    job = await bring(file_of(*books))
    assert job.report
    assert (job.report["new"], job.report["updated"]) == (35, 1)


async def test_what_is_written_as_one_has_no_more_bytes_than_may_be_held(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(batches, "BYTES", 2000)
    pieces = read(range(60))
    stray = b"no record at all\x1d"
    broken = list(portions(io.BytesIO(file_of(book("1", "书")) + stray * 600), How()))
    assert max(await written(pieces)) <= 20
    assert max(await written(broken)) * len(stray) <= 2000
