"""The thread in which the index is written; whoever lends a book goes first."""

import asyncio
import os
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import get_native_id

CALM = 10  # niceness


def give_way() -> None:
    """Let others go first, this thread and those that it starts; Linux knows it of threads."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, get_native_id(), CALM)


WRITING = ThreadPoolExecutor(1, "indexing", initializer=give_way)


async def calmly[**P, T](act: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Do it there, one thing after another."""
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(WRITING, lambda: act(*args, **kwargs))
