"""A branch whose rows are put back to what they were, as after a restore of that branch alone."""

from dataclasses import dataclass

import asyncpg

from pinakes.main.embedded.postgres import Postgres
from pinakes.platform.directory import Tenant

TABLES = """
    SELECT format('%I.%I', c.relnamespace::regnamespace, c.relname) AS name,
           string_agg(quote_ident(a.attname), ', ') FILTER (WHERE a.attgenerated = '') AS columns
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
        AND NOT a.attisdropped
    WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition
      AND c.relnamespace IN ('public'::regnamespace, 'commons'::regnamespace)
    GROUP BY c.oid HAVING bool_or(a.attname = 'tenant_id')
"""
TAKE = "SELECT to_jsonb(t)::text FROM {name} t WHERE tenant_id = $1"
PUT = """
    INSERT INTO {name} ({columns})
    SELECT {columns} FROM unnest($1::text[]) AS told,
        jsonb_populate_record(NULL::{name}, told::jsonb)
"""


@dataclass(frozen=True)
class Backup:
    """All rows of one branch, as of a moment."""

    address: str
    tenant: int
    rows: dict[str, list[str]]

    async def restore(self) -> None:
        """Forget whatever has happened since."""
        owner = await asyncpg.connect(self.address)
        try:
            async with owner.transaction():
                await owner.execute("SET LOCAL session_replication_role = replica")
                for name, columns in await owner.fetch(TABLES):
                    await owner.execute(f"DELETE FROM {name} WHERE tenant_id = $1", self.tenant)
                    order = PUT.format(name=name, columns=columns)
                    await owner.execute(order, self.rows[name])
        finally:
            await owner.close()


async def backup(postgres: Postgres, tenant: Tenant, database: str = "pinakes") -> Backup:
    address = postgres.address("postgres", database)
    owner = await asyncpg.connect(address)
    try:
        rows = {
            name: [row[0] for row in await owner.fetch(TAKE.format(name=name), tenant.id)]
            for name, _ in await owner.fetch(TABLES)
        }
    finally:
        await owner.close()
    return Backup(address, tenant.id, rows)
