"""Threads for what takes long, beside the loop that carries messages."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

WAITING = ThreadPoolExecutor(2, "calm")  # who publishes, who indexes


async def calmly[**P, T](act: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Do it there."""
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(WAITING, lambda: act(*args, **kwargs))
