"""How the C library shares memory out among threads."""

import ctypes

ARENA_MAX = -8  # M_ARENA_MAX of glibc's malloc.h


def share() -> None:
    """Let all threads that begin from now on take from one heap.

    With one of its own each keeps what others could use: the worker's grew by half as much again
    while it wrote the index. Only glibc does so; elsewhere nothing happens.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(ARENA_MAX, 1)
