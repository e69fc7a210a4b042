"""Taking readers in at a desk, scanning their cards, and readers who go elsewhere."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
from lending import Desk
from sqlalchemy import text

from pinakes.platform.db import Database, public_work
from pinakes.platform.directory import Tenant

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


FOUND = text("""
    WITH founded AS (
        INSERT INTO commons.consortium (id, code, name_zh, name_en)
        SELECT number, 'alone-' || number, '独', 'Alone'
        FROM nextval('commons.consortium_number') AS number RETURNING id
    )
    UPDATE commons.tenant SET consortium_id = founded.id,
        version = nextval('commons.tenant_version')
    FROM founded WHERE commons.tenant.id = :branch
""")


async def set_apart(database: Database, branch: Tenant) -> None:
    """Let *branch* be a consortium of its own."""
    async with public_work(database.public) as session:
        await session.execute(FOUND, {"branch": branch.id})


@dataclass(frozen=True)
class Visitor:
    """A reader who goes to another branch, and asks for what is his or hers."""

    id: str
    card: str
    person: UUID
    home: Desk
    away: Desk
    headers: dict[str, str]

    async def say(self, purpose: str, version: int = 1) -> httpx.Response:
        return await self.away.client.put(
            f"/v1/b/{self.away.here.code}/consents/{purpose}",
            json={"version": version, "language": "en"},
            headers=self.headers,
        )

    async def unsay(self, purpose: str) -> httpx.Response:
        return await self.away.client.delete(
            f"/v1/b/{self.away.here.code}/consents/{purpose}", headers=self.headers
        )

    async def ask(self, path: str) -> Any:
        return (await self.away.client.get(path, headers=self.headers)).json()

    async def seen(self) -> dict[str, Any]:
        """What the visited desk sees of the card."""
        told: dict[str, Any] = (await find(self.away, self.card)).json()
        return told
