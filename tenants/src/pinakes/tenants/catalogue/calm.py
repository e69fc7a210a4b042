"""How much long work leaves to those who are waiting at a desk."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from time import monotonic


@asynccontextmanager
async def resting(share: float = 0.05) -> AsyncGenerator[None]:
    """Work inside, and rest afterwards for that *share* of the time which it took."""
    began = monotonic()
    yield
    await asyncio.sleep(share * (monotonic() - began))
