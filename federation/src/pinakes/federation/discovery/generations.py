"""Where the index lies: a folder for each generation, and a pointer to the one that serves."""

import os
import shutil
from pathlib import Path

from pinakes.federation.discovery.document import VERSION

POINTER = "current"


def current(root: Path) -> str:
    """The name of the generation that serves; empty before the first."""
    try:
        return (root / POINTER).read_text("utf-8").strip()
    except FileNotFoundError:
        return ""


def is_outdated(name: str) -> bool:
    """True for a generation whose fields another version of the program made."""
    return not name.startswith(f"{VERSION}.")


def following(root: Path) -> str:
    """A name for the next generation: the version of its fields and a number."""
    numbers = [int(path.name.partition(".")[2] or 0) for path in root.glob("*.*") if path.is_dir()]
    return f"{VERSION}.{max(numbers, default=0) + 1}"


def publish(root: Path, name: str) -> None:
    """Make a generation the one that serves, at once for every reader."""
    new = root / f"{POINTER}~"
    new.write_text(name, "utf-8")
    os.replace(new, root / POINTER)


def sweep(root: Path) -> None:
    """Remove every generation but the one that serves."""
    kept = current(root)
    for path in root.glob("*.*"):
        if path.is_dir() and path.name != kept:
            shutil.rmtree(path, ignore_errors=True)
