"""Looking at real processes."""

import os
import time
from collections.abc import Callable
from pathlib import Path


def outside() -> dict[str, str]:
    """The environment without the settings that other tests of this run have made theirs."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PINAKES_")}


def runs(pid: int) -> bool:
    """Whether *pid* lives; one that nobody has buried yet does not."""
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False


def soon(what: Callable[[], bool], seconds: float = 15.0) -> bool:
    """Whether *what* comes true within *seconds*."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        if what():
            return True
        time.sleep(0.05)
    return False


def gone(pid: int, seconds: float = 10.0) -> bool:
    """Whether *pid* ends within *seconds*."""
    return soon(lambda: not runs(pid), seconds)


def below(pid: int) -> set[int]:
    """Every process that *pid* started, and theirs."""
    parents: dict[int, set[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            words = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        parents.setdefault(int(words[1]), set()).add(int(stat.parent.name))
    found, new = set[int](), {pid}
    while new:
        new = set[int]().union(*(parents.get(one, set()) for one in new)) - found
        found |= new
    return found
