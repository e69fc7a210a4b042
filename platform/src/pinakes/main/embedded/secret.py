"""Small files that only we may read."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any


def write(file: Path, told: Any) -> None:
    """Put *told* into *file* (0600), all of it or nothing."""
    fresh = file.with_name(f"{file.name}.new")
    fresh.unlink(missing_ok=True)
    fresh.touch(0o600)
    fresh.write_text(json.dumps(told, indent=1))
    fresh.rename(file)


def once(file: Path, make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What *file* holds; *make* says it the first time, and what an older version did not ask."""
    kept: dict[str, Any] = json.loads(file.read_text()) if file.exists() else {}
    fresh = make()
    if fresh.keys() - kept.keys():
        kept = fresh | kept
        write(file, kept)
    return kept
