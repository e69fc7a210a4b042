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


def once(file: Path, make: Callable[[], Any]) -> Any:
    """What *file* holds; *make* says it the first time."""
    if not file.exists():
        write(file, make())
    return json.loads(file.read_text())
