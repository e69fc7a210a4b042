"""Long work leaves room to desks: it rests, and longer while somebody is served."""

from itertools import count

import pytest

from pinakes.platform.bustle import BUSTLE
from pinakes.tenants.catalogue import calm

pytestmark = pytest.mark.anyio


@pytest.fixture
def rests(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long work has rested each time, when a piece of it takes a second by the clock."""
    rested: list[float] = []

    async def rest(seconds: float) -> None:
        rested.append(seconds)

    seconds = count()
    monkeypatch.setattr(calm, "monotonic", lambda: float(next(seconds)))
    monkeypatch.setattr(calm, "sleep", rest)  # not everybody's: a server may run beside us
    monkeypatch.setattr(BUSTLE, "seen", float("-inf"))
    return rested


async def test_an_import_rests_ten_times_as_long_as_it_works_while_a_desk_is_busy(
    rests: list[float],
) -> None:
    async with calm.resting():
        pass
    BUSTLE.see()
    async with calm.resting():
        pass
    async with calm.resting(share=12.0):
        pass
    assert rests == [0.05, 10.0, 12.0]
