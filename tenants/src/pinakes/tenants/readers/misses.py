"""Guessing at card numbers comes to an end: so many misses a minute and branch, and no more."""

import time
from collections import deque

from cachetools import TTLCache

from pinakes.platform.errors import Problem
from pinakes.platform.words import counted

MOST = 60  # misses
WINDOW = 60.0  # seconds


class TooManyMisses(Problem):
    """`retry_after` says in how many seconds to come back."""

    code = "too_many_misses"
    status = 429
    title = "Too many unknown card numbers"


class Misses:
    """The misses of every subject at every branch in the last minute, in this process."""

    def __init__(
        self, most: int = MOST, window: float = WINDOW, refusal: type[Problem] = TooManyMisses
    ) -> None:
        self.most = most
        self.refusal = refusal
        self.window = window
        self.seen: TTLCache[tuple[str, int], deque[float]] = TTLCache(
            50_000, window, time.monotonic
        )

    def check(self, subject: str, branch: int) -> None:
        """Refuse another look, hit or miss, after too many misses."""
        missed = self.recent(subject, branch)
        if len(missed) >= self.most:
            wait = max(1, round(missed[0] + self.window - time.monotonic()))
            raise self.refusal(
                f"Scan again in {counted(wait, 'seconds')}; what is typed by hand may be wrong.",
                retry_after=wait,
            )

    def count(self, subject: str, branch: int) -> None:
        """One more number that nobody has."""
        missed = self.recent(subject, branch)
        missed.append(time.monotonic())
        self.seen[subject, branch] = missed

    def recent(self, subject: str, branch: int) -> deque[float]:
        missed = self.seen.get((subject, branch), deque[float]())
        while missed and missed[0] <= time.monotonic() - self.window:
            missed.popleft()
        return missed


MISSES = Misses()
