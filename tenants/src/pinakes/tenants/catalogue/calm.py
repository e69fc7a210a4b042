"""How much long work leaves to those who are waiting at a desk, and to those who come behind it."""

from asyncio import sleep
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from time import monotonic

from pinakes.platform.arrears import ARREARS
from pinakes.platform.bustle import BUSTLE

AT_DESKS = 10.0  # so much longer than it works, long work rests while desks are busy
UNSEEN = 6_000  # titles: some seconds until the search shows them
PATIENCE = 5.0  # seconds that each piece of work waits for the search at most
LOOK = 0.05


@asynccontextmanager
async def resting(share: float = 0.05) -> AsyncGenerator[None]:
    """Work inside, and rest afterwards for that *share* of the time which it took.

    While somebody is being served it is ten times as long as the work at least.
    """
    began = monotonic()
    yield
    took = monotonic() - began
    await sleep(took * (max(share, AT_DESKS) if BUSTLE.goes_on else share))
    await seen()


async def seen() -> None:
    """Let the search come near: whoever writes far ahead of it hides what others write, too."""
    ends = monotonic() + PATIENCE
    with ARREARS.awaited():
        while ARREARS.unseen > UNSEEN and monotonic() < ends:  # noqa: ASYNC110  (it is looked at)
            await sleep(LOOK)
