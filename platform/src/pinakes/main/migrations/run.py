"""Bring a database to this version; a database of a newer one is left alone."""

import os
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, pool
from sqlalchemy.ext.asyncio import create_async_engine


class NewerData(RuntimeError):
    """The data were written by a newer Pinakes, which this one cannot read."""


def configuration() -> Config:
    """Alembic's settings, without a file."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    return config


def upgrade(owner: str) -> None:
    """Run what is missing, as the *owner* of the tables (``postgresql://…``)."""
    os.environ["PINAKES_OWNER"] = owner
    command.upgrade(configuration(), "head")


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
