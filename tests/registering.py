"""Taking readers in at a desk, and scanning their cards."""

from typing import Any

import httpx
from lending import Desk

ADA: dict[str, Any] = {"name": "王小明", "contact": "ada@example.org", "born": "2001-02-03"}


async def register(desk: Desk, **more: Any) -> dict[str, Any]:
    """The answer to taking a reader in."""
    answer = await desk.ask("/readers", ADA | more)
    assert answer.status_code == 201, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def find(desk: Desk, card: str, **more: Any) -> httpx.Response:
    """The answer to a scanned card."""
    return await desk.ask("/readers/find", {"card": card, **more})
