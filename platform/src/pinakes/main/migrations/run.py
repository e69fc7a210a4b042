"""Bring a database to this version; a database of a newer one is left alone."""

import asyncio
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, pool
from sqlalchemy.ext.asyncio import create_async_engine


class NewerData(RuntimeError):
    """The data were written by a newer Pinakes, which this one cannot read."""


def configuration(owner: str = "") -> Config:
    """Alembic's settings, without a file; *owner* is needed to reach the tables."""
    config = Config(attributes={"owner": owner})
    config.set_main_option("script_location", str(Path(__file__).parent))
    return config


def upgrade(owner: str) -> None:
    """Run what is missing, as the *owner* of the tables (``postgresql://…``)."""
    command.upgrade(configuration(owner), "head")


def migrate(owner: str) -> None:
    """Bring the tables to this version, or raise NewerData when a newer one made them."""
    asyncio.run(refuse_newer(owner))
    upgrade(owner)


async def refuse_newer(owner: str) -> None:
    """Raise NewerData when the database stands at a revision that nobody here knows."""
    address = owner.replace("postgresql://", "postgresql+asyncpg://", 1)
    engine = create_async_engine(address, poolclass=pool.NullPool)
    async with engine.connect() as connection:
        found = await connection.run_sync(revision)
    await engine.dispose()
    known = {
        script.revision for script in ScriptDirectory.from_config(configuration()).walk_revisions()
    }
    if found is not None and found not in known:
        raise NewerData(f"These data are at revision {found}: use the Pinakes that wrote them.")


def revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()
