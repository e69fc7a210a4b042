"""No tenant sees another, whatever a feature forgets: 100,000 attempts in every owned table."""

from collections.abc import AsyncIterator

import asyncpg
import pytest
from databases import another
from promises.attempts import attack, owned_tables, plant

from pinakes.main.embedded.postgres import Postgres

pytestmark = pytest.mark.anyio

TENANTS = list(range(900_001, 900_009))
ATTEMPTS = 100_000
FAULTS = {
    "a policy that trusts what a session left behind": (
        "ALTER POLICY tenant ON audit USING (tenant_id ="
        " nullif(split_part(current_setting('pinakes.tenant', true), '@', 1), '')::integer)"
    ),
    "a policy that is not forced on reads": "ALTER POLICY tenant ON audit USING (true)",
    "row-level security switched off": "ALTER TABLE audit DISABLE ROW LEVEL SECURITY",
}


@pytest.fixture(scope="module")
async def copy(anyio_backend: str, postgres: Postgres) -> AsyncIterator[str]:
    """A database whose tables hold rows of eight tenants: its name."""
    name = "isolation"
    async with another(postgres, name) as inside:
        await inside.execute("""
            INSERT INTO commons.consortium (id, code, name_zh, name_en)
            VALUES (9, 'x', 'x', 'x')""")
        await inside.executemany(
            """
            INSERT INTO commons.tenant
                (id, consortium_id, code, kind, path, name_zh, name_en, state, zone, version)
            VALUES ($1, 9, 'x' || $1::integer, 'county', ARRAY[$1], 'x', 'x', 'active',
                    'UTC', 1)""",
            [(tenant,) for tenant in TENANTS],
        )
        await plant(inside, await owned_tables(inside), TENANTS)
        yield name


async def tables_of(postgres: Postgres, copy: str) -> list[str]:
    strong = await asyncpg.connect(postgres.address("postgres", copy))
    try:
        return await owned_tables(strong)
    finally:
        await strong.close()


async def test_a_hundred_thousand_attempts_leak_nothing(postgres: Postgres, copy: str) -> None:
    tables = await tables_of(postgres, copy)
    outcome = await attack(postgres.address("pinakes_app", copy), tables, TENANTS, ATTEMPTS)
    assert outcome.leaks == {}
    assert sum(outcome.tried.values()) >= ATTEMPTS
    assert outcome.tried["refused"] > 0


@pytest.mark.parametrize("fault", FAULTS)
async def test_the_attempts_would_find(fault: str, postgres: Postgres, copy: str) -> None:
    owner = await asyncpg.connect(postgres.address("pinakes", copy))
    before = await owner.fetchval(
        "SELECT pg_get_expr(polqual, polrelid) FROM pg_policy"
        " WHERE polrelid = 'audit'::regclass AND polname = 'tenant'"
    )
    try:
        await owner.execute(FAULTS[fault])
        address = postgres.address("pinakes_app", copy)
        outcome = await attack(address, ["audit"], TENANTS, 2_000)
        assert outcome.leaks
    finally:
        await owner.execute("ALTER TABLE audit ENABLE ROW LEVEL SECURITY")
        await owner.execute(f"ALTER POLICY tenant ON audit USING ({before})")
        await owner.close()
