"""Whose tokens have lost their force: a small copy of ``commons.revocation`` in every process."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from pinakes.platform.db import Database, public_work
from pinakes.tenants.staff.models import Revocation

LIFE = timedelta(minutes=15)  # longer than any access token lives, with two clocks apart


async def revoke(public: AsyncSession, subject: str) -> None:
    """Refuse all tokens that *subject*, a person or one log-in, has had until now."""
    row = insert(Revocation).values(subject=subject, before=func.clock_timestamp())
    await public.execute(
        row.on_conflict_do_update(
            index_elements=["subject"], set_={"before": func.clock_timestamp()}
        )
    )


async def forget_expired(database: Database) -> None:
    """Drop revocations of tokens that have ended by themselves."""
    async with public_work(database.public) as session:
        await session.execute(delete(Revocation).where(Revocation.before < func.now() - LIFE))


class Revocations:
    """The revocations as of a second ago."""

    def __init__(self) -> None:
        self.known: Mapping[str, datetime] = {}

    async def end(self, public: AsyncEngine, subject: str) -> None:
        """Refuse the tokens of *subject*: in this process at once, in others within a second."""
        async with public_work(public) as session:
            await revoke(session, subject)
        await self.refresh(public)

    def of(self, subject: str) -> datetime | None:
        """The moment before which tokens of *subject* do not count."""
        return self.known.get(subject)

    async def refresh(self, engine: AsyncEngine) -> None:
        async with public_work(engine) as session:
            rows = await session.scalars(
                select(Revocation).where(Revocation.before > func.now() - LIFE)
            )
            self.known = {row.subject: row.before for row in rows}
