"""What row-level security costs, and that the time of an answer does not tell what it hides.

The cost: the same pgbench on a twin of the database without policies.
"""

import asyncio

import asyncpg

from pinakes.main.bench import pgbench, stockroom, telling
from pinakes.main.bench.ground import ground
from pinakes.main.bench.report import Report, paired
from pinakes.main.bench.stockroom import Stock
from pinakes.main.embedded.postgres import Postgres

ROUNDS = 7
SECONDS = 3.0
MOST = 4_000  # items of each branch that one go may take
STOCK = Stock(items=MOST * (ROUNDS + 1))
TWIN = "twin"
OPEN = """
DO $$ DECLARE name text; BEGIN
    FOR name IN SELECT oid::regclass::text FROM pg_class WHERE relrowsecurity LOOP
        EXECUTE format('ALTER TABLE %s DISABLE ROW LEVEL SECURITY, NO FORCE ROW LEVEL SECURITY',
                       name);
    END LOOP;
END $$;
"""


def run() -> Report:
    """A minute and a half."""
    with ground() as place:
        stockroom.fill(place.postgres, STOCK)
        asyncio.run(make_twin(place.postgres))
        go(place.postgres, -1, "pinakes")
        go(place.postgres, -1, TWIN)
        rounds = [
            (go(place.postgres, number, "pinakes"), go(place.postgres, number, TWIN))
            for number in range(ROUNDS)
        ]
        gap, gaps = telling.told(place)
    cost = paired("policies_vs_none", rounds, must=0.75, goal=0.9, unit="checkouts/s")
    return Report(bench="isolation", results=[cost, gap], facts={"gap_ms": gaps})


def go(postgres: Postgres, number: int, database: str) -> float:
    """One go of pgbench, on the same items of either database."""
    first = (number + 1) * MOST
    return pgbench.checkouts(
        postgres, STOCK, first=first, seconds=SECONDS if number >= 0 else 1.0, database=database
    )


async def make_twin(postgres: Postgres) -> None:
    """Copy the database, functions and all, and take the policies away."""
    server = await asyncpg.connect(postgres.address("postgres", "postgres"))
    await server.execute(f"CREATE DATABASE {TWIN} TEMPLATE pinakes")
    await server.close()
    twin = await asyncpg.connect(postgres.address("postgres", TWIN))
    await twin.execute(OPEN)
    await twin.close()
