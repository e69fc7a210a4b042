"""Random attempts to read and write other tenants' rows, in every table that has an owner."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from random import Random
from typing import Any

import asyncpg

OWNED = """
    SELECT c.relname AS name FROM pg_class c
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
    AND substr(obj_description(c.oid, 'pg_class'), 7) IN ('tenant', 'shared', 'queue')
    ORDER BY 1
"""
COLUMNS = """
    SELECT a.attname AS name, format_type(a.atttypid, NULL) AS type, a.attnotnull AS needed,
           a.atthasdef AS given
    FROM pg_attribute a WHERE a.attrelid = $1::regclass AND a.attnum > 0 AND NOT a.attisdropped
    AND a.attgenerated = ''
"""
VALUES = {
    "uuid": "gen_random_uuid()",
    "integer": "1 + (random() * 1e6)::integer",
    "bigint": "1 + (random() * 1e9)::bigint",
    "smallint": "1",
    "text": "'canary-' || {tenant} || '-' || gen_random_uuid()",
    "character varying": "left('c' || {tenant} || '-' || gen_random_uuid(), 40)",
    "boolean": "false",
    "jsonb": "jsonb_build_object('canary', {tenant})",
    "bytea": "gen_random_uuid()::text::bytea",
    "timestamp with time zone": "now()",
    "date": "current_date",
    "numeric": "1",
    "double precision": "1",
    "uuid[]": "ARRAY[gen_random_uuid()]",
    "integer[]": "ARRAY[1]",
    "text[]": "ARRAY['canary-{tenant}']",
}
ENTER = "SELECT pinakes_enter({})"  # with BEGIN in one trip: 100,000 attempts take a while
STATEMENTS = 2_000  # each kind of attempt in each table is prepared once


async def owned_tables(strong: asyncpg.Connection) -> list[str]:
    """Every table whose rows belong to somebody."""
    return [row["name"] for row in await strong.fetch(OWNED)]


async def plant(strong: asyncpg.Connection, tables: list[str], tenants: list[int]) -> None:
    """A row of each tenant in each table, whatever rules of the trade it breaks."""
    await strong.execute("SET session_replication_role = replica")
    for table in tables:
        columns = [c for c in await strong.fetch(COLUMNS, table) if c["name"] != "tenant_id"]
        for check in await strong.fetch(
            "SELECT conname FROM pg_constraint WHERE conrelid = $1::regclass AND contype = 'c'",
            table,
        ):
            await strong.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{check["conname"]}"')
        names = ", ".join(["tenant_id", *(c["name"] for c in columns)])
        for tenant in tenants:
            values = ", ".join(VALUES[c["type"]].format(tenant=tenant) for c in columns)
            await strong.execute(
                f"INSERT INTO {table} ({names}) VALUES ({tenant}, {values}) ON CONFLICT DO NOTHING"
            )
    await strong.execute("RESET session_replication_role")


@dataclass
class Outcome:
    """What the attempts came to; ``leaks`` names table and kind of the ones that succeeded."""

    tried: Counter[str] = field(default_factory=Counter[str])
    leaks: Counter[str] = field(default_factory=Counter[str])


class Attacker:
    """One connection as the application; 5 % forgotten contexts, 1 % poisoned sessions."""

    def __init__(
        self, connection: asyncpg.Connection, tables: list[str], tenants: list[int], seed: int
    ) -> None:
        self.connection = connection
        self.tables = tables
        self.tenants = tenants
        self.chance = Random(seed)
        self.outcome = Outcome()

    async def attack(self, times: int) -> Outcome:
        for _ in range(times):
            await self.once()
        return self.outcome

    async def once(self) -> None:
        me, other = self.chance.sample(self.tenants, 2)
        table, roll = self.chance.choice(self.tables), self.chance.random()
        if roll < 0.01:
            await self.poison(other)
        forgotten = roll < 0.05
        await self.connection.execute(f"BEGIN; {'' if forgotten else ENTER.format(me)}")
        try:
            await self.strike(table, me, other, forgotten=forgotten)
        except asyncpg.PostgresError:
            self.outcome.tried["refused"] += 1
        finally:
            await self.connection.execute("ROLLBACK")

    async def poison(self, tenant: int) -> None:
        """Leave a context on the session, as a careless colleague would."""
        stamp = f"concat({tenant}, '@', extract(epoch FROM now()))"
        await self.connection.execute(f"SELECT set_config('pinakes.tenant', {stamp}, false)")

    async def strike(self, table: str, me: int, other: int, *, forgotten: bool) -> None:
        kind = self.chance.choice(("read", "read all", "change", "remove", "forge", "give away"))
        self.outcome.tried[kind] += 1
        if await self.succeeded(kind, table, me, other, forgotten=forgotten):
            self.outcome.leaks[f"{table}: {kind}{' (forgotten)' if forgotten else ''}"] += 1

    async def succeeded(
        self, kind: str, table: str, me: int, other: int, *, forgotten: bool
    ) -> bool:
        match kind:
            case "read":
                return await self.count(f"SELECT FROM {table} WHERE tenant_id = $1", other)
            case "read all":
                mine = -1 if forgotten else me
                return await self.count(f"SELECT FROM {table} WHERE tenant_id <> $1", mine)
            case "change":
                order = f"UPDATE {table} SET tenant_id = tenant_id WHERE tenant_id = $1"
                return await self.count(order, other)
            case "remove":
                return await self.count(f"DELETE FROM {table} WHERE tenant_id = $1", other)
            case "forge":
                return await self.count(f"INSERT INTO {table} (tenant_id) VALUES ($1)", other)
            case _:
                order = f"UPDATE {table} SET tenant_id = $1 WHERE tenant_id <> $1"
                return await self.count(order, other)

    async def count(self, order: str, *values: Any) -> bool:
        status = await self.connection.execute(order, *values)
        return int(status.rsplit(" ", 1)[1]) > 0


async def attack(
    address: str, tables: list[str], tenants: list[int], times: int, attackers: int = 4
) -> Outcome:
    """*times* attempts by several attackers side by side."""
    connections = [
        await asyncpg.connect(address, statement_cache_size=STATEMENTS) for _ in range(attackers)
    ]
    try:
        outcomes = await asyncio.gather(
            *(
                Attacker(connection, tables, tenants, seed).attack(times // attackers)
                for seed, connection in enumerate(connections)
            )
        )
    finally:
        for connection in connections:
            await connection.close()
    total = Outcome()
    for outcome in outcomes:
        total.tried.update(outcome.tried)
        total.leaks.update(outcome.leaks)
    return total
