"""Processor time of a process with all its children, from /proc."""

import os
from pathlib import Path

TICK = 1_000_000 / os.sysconf("SC_CLK_TCK")  # µs


def spent(root: int) -> float:
    """Microseconds of the tree under *root* so far, ended children included."""
    return sum(ticks(pid) for pid in tree(root)) * TICK


def tree(root: int) -> list[int]:
    """*root* and all that descend from it."""
    parents = {pid: fields[1] for pid in pids() if (fields := stat(pid))}
    found = [root]
    for pid in found:
        found.extend(child for child, parent in parents.items() if int(parent) == pid)
    return found


def pids() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def stat(pid: int) -> list[str]:
    """The fields behind the name in parentheses; none when the process is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def ticks(pid: int) -> int:
    """utime, stime, and the same of children that have been waited for."""
    return sum(int(field) for field in stat(pid)[11:15])
