"""Run the migrations as the owner of the tables, with the driver the application uses."""

import asyncio
from typing import Any

from alembic import context
from sqlalchemy import Connection, pool, text
from sqlalchemy.ext.asyncio import create_async_engine

import pinakes.main.features  # noqa: F401  (so that every model is known)
from pinakes.main.migrations.functions import install
from pinakes.platform.db import Base

OURS = {"public", "commons"}  # the issuer's schema has no models here


def ours(object: Any, name: str | None, kind: str, *_: Any) -> bool:
    """Whether `alembic check` compares it with our models."""
    return kind != "table" or (object.schema or "public") in OURS


def migrate(connection: Connection) -> None:
    """Bring the schema to the wanted revision, all or nothing."""
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        compare_type=True,
        include_schemas=True,
        include_object=ours,
        # a table's comment names its kind; the promises look at that
        autogenerate_plugins=["alembic.autogenerate.*", "~alembic.autogenerate.comments"],
    )
    with context.begin_transaction():
        connection.execute(text("SET LOCAL lock_timeout = '5s'"))
        context.run_migrations()
        install(connection)


async def main() -> None:
    """Connect, migrate, leave."""
    owner: str = context.config.attributes["owner"]
    address = owner.replace("postgresql://", "postgresql+asyncpg://", 1)
    engine = create_async_engine(address, poolclass=pool.NullPool)
    async with engine.begin() as connection:
        await connection.run_sync(migrate)
    await engine.dispose()


asyncio.run(main())
