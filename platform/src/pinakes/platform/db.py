"""The database: one session per piece of work, always inside one tenant."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Self
from uuid import UUID

import asyncpg
import msgspec
from sqlalchemy import (
    DateTime,
    Enum,
    FetchedValue,
    ForeignKeyConstraint,
    Index,
    MetaData,
    Text,
    TextClause,
    func,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from uuid_utils.compat import uuid7

from pinakes.platform.config import Settings
from pinakes.platform.errors import Conflict
from pinakes.platform.identity import Principal

ENTER = text("SELECT pinakes_enter(:tenant, :closed_too)")
ENTER_LEAVING = text("""
    SELECT pinakes_enter(:tenant, coalesce(
        (SELECT state = 'leaving' FROM commons.tenant WHERE id = :tenant), false))
""")

__all__ = ["uuid7"]


def _values(states: type[StrEnum]) -> list[str]:
    return [state.value for state in states]


class Base(DeclarativeBase):
    """Every table, with the names of its keys and the types of its columns."""

    metadata = MetaData(naming_convention={"ix": "%(table_name)s_%(column_0_N_name)s"})
    type_annotation_map = {
        str: Text,
        dict[str, Any]: JSONB,
        list[Any]: JSONB,
        datetime: DateTime(timezone=True),
        StrEnum: Enum(StrEnum, native_enum=False, values_callable=_values, length=40),
    }


class TenantOwned:
    """A row that belongs to one tenant: its key grows with time.

    The database fills the tenant in and hides other tenants' rows (row-level
    security, see ``pinakes.main.migrations.tools``), so no query mentions it.
    """

    tenant_id: Mapped[int] = mapped_column(
        primary_key=True, server_default=FetchedValue(), sort_order=-3
    )
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7, sort_order=-2)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now(), sort_order=-1)


class LinkRefused(Conflict):
    code = "link_refused"
    title = "This points at something that is not here"


def link(column: str, table: str) -> ForeignKeyConstraint:
    """Point at *table* without leaving the tenant.

    A plain foreign key could leave it: PostgreSQL checks references with
    row-level security switched off.
    """
    return ForeignKeyConstraint(["tenant_id", column], [f"{table}.tenant_id", f"{table}.id"])


def index(*columns: str, unique: bool = False, where: str | None = None) -> Index:
    """Find one tenant's rows by *columns*, or those *where* a condition holds."""
    condition = text(where) if where else None
    return Index(None, "tenant_id", *columns, unique=unique, postgresql_where=condition)


@dataclass(frozen=True, slots=True)
class Database:
    """One database, met in five ways by three roles, each with its own rights."""

    app: AsyncEngine  # inside one tenant
    carrier: AsyncEngine  # the queues of all tenants, and nothing else
    public: AsyncEngine  # writes what everybody may read
    hot: asyncpg.Pool  # as the application, for hot commands: functions that enter by themselves
    post: asyncpg.Pool  # as the carrier, for what is one call: claims and acknowledgements

    @classmethod
    @asynccontextmanager
    async def open(cls, settings: Settings) -> AsyncGenerator[Self]:
        """Connect lazily; close everything at the end."""
        async with AsyncExitStack() as stack:
            roles = (settings.database, settings.carrier, settings.public)
            engines = [engine(role.get_secret_value(), settings.pool) for role in roles]
            for one in engines:
                stack.push_async_callback(one.dispose)
            hot, post = [
                await stack.enter_async_context(hot_pool(role.get_secret_value(), settings.pool))
                for role in roles[:2]
            ]
            app, carrier, public = engines
            yield cls(app, carrier, public, hot, post)


def to_json(value: Any) -> str:
    """As PostgreSQL is told rows and documents."""
    return msgspec.json.encode(value).decode()


def engine(address: str, size: int = 8) -> AsyncEngine:
    """An engine for ``postgresql://…``; every setting we make ends with its transaction."""
    return create_async_engine(
        address.replace("postgresql://", "postgresql+asyncpg://", 1),
        pool_size=size,
        max_overflow=0,
        pool_timeout=10,
        json_serializer=to_json,
        json_deserializer=msgspec.json.decode,
    )


# A connection keeps its plans: one made while a table was empty would read all of it for ever.
PLANS = {"enable_seqscan": "off"}


def hot_pool(address: str, size: int) -> "asyncpg.pool.Pool[asyncpg.Record]":
    """Connections without the reset between uses: 15 % less work for PostgreSQL."""

    async def untouched(_: object) -> None:
        """Nothing to reset: hot commands are functions in autocommit."""

    return asyncpg.create_pool(
        address,
        min_size=1,
        max_size=size,
        init=speak_json,
        reset=untouched,
        server_settings=PLANS,
    )


async def speak_json(connection: Any) -> None:
    """Send and receive jsonb as Python values."""
    await connection.set_type_codec(
        "jsonb",
        schema="pg_catalog",
        encoder=to_json,
        decoder=msgspec.json.decode,
    )


@asynccontextmanager
async def unit_of_work(
    engine: AsyncEngine, tenant: int, asker: Principal | None = None, *, closed_too: bool = False
) -> AsyncGenerator[AsyncSession]:
    """Open a session that sees one tenant and commits once, at the end.

    Any error rolls everything back. Features never commit; they flush. A
    tenant that is not active is refused, except for the machinery that says
    *closed_too* (onboarding, messages, chores).
    """
    told = {"tenant": tenant, "closed_too": closed_too}
    async with entered(engine, tenant, asker, ENTER, told) as session:
        yield session


@asynccontextmanager
async def parting_work(
    engine: AsyncEngine, tenant: int, asker: Principal | None = None
) -> AsyncGenerator[AsyncSession]:
    """A unit of work for what a branch may do as long as it has not gone: take its things along."""
    async with entered(engine, tenant, asker, ENTER_LEAVING, {"tenant": tenant}) as session:
        yield session


@asynccontextmanager
async def entered(
    engine: AsyncEngine,
    tenant: int,
    asker: Principal | None,
    enter: TextClause,
    told: Mapping[str, object],
) -> AsyncGenerator[AsyncSession]:
    info = {"tenant": tenant, "asker": asker}
    async with (
        AsyncSession(engine, expire_on_commit=False, info=info) as session,
        session.begin(),
    ):
        await session.execute(enter, told)
        yield session


@asynccontextmanager
async def public_work(engine: AsyncEngine) -> AsyncGenerator[AsyncSession]:
    """Open a session outside all tenants: it sees what everybody may read.

    Over ``Database.public`` it may write that too.
    """
    async with AsyncSession(engine, expire_on_commit=False) as session, session.begin():
        yield session


async def driver(session: AsyncSession) -> Any:
    """The driver's own connection of a unit of work: for calls that machinery makes often.

    One through it costs a quarter of one through the session. It takes jsonb as text and gives it
    as values; what the session has not flushed it does not see.
    """
    if "driver" not in session.info:
        connection = await (await session.connection()).get_raw_connection()
        session.info["driver"] = connection.driver_connection
    return session.info["driver"]


async def lock[Row: TenantOwned](session: AsyncSession, table: type[Row], id: UUID) -> Row | None:
    """One row of this tenant, fresh, and ours until the transaction ends."""
    return await session.scalar(
        select(table).where(table.id == id).with_for_update(),
        execution_options={"populate_existing": True},
    )
