"""A log of the test's own, in a database of its own, and its sequencer."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
from databases import another
from pydantic import SecretStr
from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from uuid_utils.compat import uuid7

from pinakes.federation.ledger import keys
from pinakes.federation.ledger.sequencer import sequence
from pinakes.main.embedded.postgres import Postgres
from pinakes.platform.config import Settings
from pinakes.platform.db import Database, engine, unit_of_work

CONSORTIUM = """
    INSERT INTO commons.consortium (id, code, name_zh, name_en) VALUES (8, 'l', 'l', 'l')
"""
BRANCH = """
    INSERT INTO commons.tenant (id, consortium_id, code, kind, path, name_zh, name_en, state, zone,
                                version)
    VALUES ($1::int, 8, $2, 'county', ARRAY[$1::int], $2, $2, 'active', 'UTC', 1)
"""
EAST, WEST = 1, 2
RECORD = text("SELECT ledger_record(:kind, :about, :facts)").bindparams(
    bindparam("facts", type_=JSONB())
)
EMPTY = """
    TRUNCATE ledger_event, ledger_waiting, commons.ledger_leaf, commons.ledger_node,
        commons.ledger_head, commons.ledger_key, commons.ledger_cosigner,
        commons.ledger_cosignature
"""


@dataclass
class Cell:
    """A database with two branches (ids 1 and 2), and a log that has not begun."""

    settings: Settings
    database: Database
    role: AsyncEngine  # of the ledger
    strong: asyncpg.Connection  # whom no policy binds

    @property
    def key(self) -> Path:
        return self.settings.ledger_key

    async def record(self, tenant: int = EAST, kind: str = "lending.shipped", **facts: Any) -> UUID:
        async with unit_of_work(self.database.app, tenant) as session:
            return await self.record_in(session, kind, **facts)

    async def record_in(self, session: AsyncSession, kind: str = "x", **facts: Any) -> UUID:
        told = {"kind": kind, "about": uuid7(), "facts": facts}
        id: UUID = await session.scalar(RECORD, told)
        return id

    async def sequence(self, **how: Any) -> int:
        return await sequence(self.role, self.key, self.settings.address, **how)

    async def size(self) -> int:
        return int(await self.strong.fetchval("SELECT count(*) FROM commons.ledger_leaf"))

    async def waiting(self) -> int:
        return int(await self.strong.fetchval("SELECT count(*) FROM ledger_waiting"))


@asynccontextmanager
async def housed(postgres: Postgres, settings: Settings) -> AsyncGenerator[Cell]:
    """A cell in a database of its own."""
    async with another(postgres, "ledger") as strong:
        await strong.execute(CONSORTIUM)
        for id, code in ((EAST, "east"), (WEST, "west")):
            await strong.execute(BRANCH, id, code)
        ways = {"database": "app"} | {way: way for way in ("carrier", "public", "ledger")}
        there = settings.model_copy(
            update={
                way: SecretStr(postgres.address(f"pinakes_{role}", "ledger"))
                for way, role in ways.items()
            }
        )
        role = engine(postgres.address("pinakes_ledger", "ledger"), size=3)
        async with Database.open(there) as database:
            yield Cell(there, database, role, strong)
        await role.dispose()


async def emptied(cell: Cell, folder: Path) -> Cell:
    """The same cell with a new key, and nothing in its log."""
    await cell.strong.execute(EMPTY)
    key = folder / "ledger.key"
    keys.make(key)
    settings = cell.settings.model_copy(update={"ledger_key": key})
    return replace(cell, settings=settings)
