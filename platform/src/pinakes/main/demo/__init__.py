"""A sample consortium to try things with, and files of made-up books."""

import asyncio
from pathlib import Path


def seed(data: Path) -> list[str]:
    """Fill in the sample consortium, unless it is there; lines that say who may log in."""
    from pinakes.main.demo.planting import plant  # noqa: PLC0415  (slow, and seldom wanted)

    return asyncio.run(plant(data))
