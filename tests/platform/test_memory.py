"""Threads of the worker share one heap."""

import sys
from subprocess import run

import pytest

# Each thread takes memory while the others hold theirs; the C library tells its heaps as XML.
THREADS = """
import ctypes, sys
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from pinakes.platform import memory

libc, together = ctypes.CDLL(None), Barrier(4)
libc.fdopen.restype = ctypes.c_void_p

def take(_):
    held = [bytes(number) for number in range(1000, 9000)]
    together.wait()
    return len(held)

if sys.argv[1] == "shared":
    memory.share()
with ThreadPoolExecutor(4) as pool:
    list(pool.map(take, range(4)))
out = libc.fdopen(1, b"w")
libc.malloc_info(0, ctypes.c_void_p(out))
libc.fflush(ctypes.c_void_p(out))
"""


def heaps(how: str) -> int:
    """How many of them four threads make."""
    done = run([sys.executable, "-c", THREADS, how], capture_output=True, check=True)
    return done.stdout.count(b"<heap nr=")


@pytest.mark.skipif(sys.platform != "linux", reason="other systems tell nothing of their heaps")
def test_threads_share_a_heap() -> None:
    assert heaps("apart") > 1
    assert heaps("shared") == 1
