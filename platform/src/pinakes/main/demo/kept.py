"""The secrets of the sample consortium: one password for all staff, one PIN for all readers."""

from pathlib import Path
from secrets import randbelow
from typing import Any

from pinakes.main.embedded import secret

FILE = "demo.json"
PINS = range(100_000, 1_000_000)


def kept(data: Path) -> dict[str, Any]:
    """What the folder *data* keeps of the sample; drawn by lot the first time."""
    found: dict[str, Any] = secret.once(data / FILE, fresh)
    return found


def keep(data: Path, told: dict[str, Any]) -> None:
    secret.write(data / FILE, told)


def fresh() -> dict[str, Any]:
    return {
        "password": f"try-{randbelow(10**12):012}",
        "pin": str(PINS[randbelow(len(PINS))]),
        "planted": False,
    }
