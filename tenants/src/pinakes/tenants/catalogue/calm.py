"""How much long work leaves to those who are waiting at a desk."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from time import monotonic

from pinakes.platform.bustle import BUSTLE

AT_DESKS = 1.0  # share of its time that long work rests for while desks are busy


@asynccontextmanager
async def resting(share: float = 0.05) -> AsyncGenerator[None]:
    """Work inside, and rest afterwards for that *share* of the time which it took.

    While somebody is being served it is as long as the work at least.
    """
    began = monotonic()
    yield
    took = monotonic() - began
    await asyncio.sleep(took * (max(share, AT_DESKS) if BUSTLE.goes_on else share))
