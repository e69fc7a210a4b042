"""Writing the index leaves the processor to whoever stands at a desk."""

import asyncio
import os
import sys
from threading import get_native_id

import pytest

from pinakes.federation.discovery.calm import CALM, calmly


def niceness() -> int:
    return os.getpriority(os.PRIO_PROCESS, get_native_id())


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a thread has no niceness")
def test_the_index_is_written_by_a_thread_that_lets_others_go_first() -> None:
    before = niceness()
    assert asyncio.run(calmly(niceness)) == max(before, CALM)
    assert niceness() == before
