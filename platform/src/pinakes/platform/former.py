"""Rows as they were before a job changed them, and the way back."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import FetchedValue, delete
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from pinakes.platform.db import Base, TenantOwned, index, link


class Former(TenantOwned, Base):
    """A row as it was before a job changed it: what taking the job back puts there again."""

    __tablename__ = "former"
    __table_args__ = (
        link("job_id", "job"),
        index("job_id", "row_id", unique=True),
        index("import_id", "kind", "row_id"),
    )

    job_id: Mapped[UUID]
    kind: Mapped[str]  # the table
    row_id: Mapped[UUID]
    was: Mapped[dict[str, Any]]
    import_id: Mapped[UUID | None] = mapped_column(server_default=FetchedValue())  # of ``was``


async def remove(session: AsyncSession, table: type[TenantOwned], ids: Sequence[UUID]) -> set[UUID]:
    """Delete these rows, but for those that something still points at; which those are."""
    if not ids:
        return set()
    try:
        async with session.begin_nested():
            await session.execute(delete(table).where(table.id.in_(ids)))
    except IntegrityError:
        if len(ids) == 1:
            return set(ids)
        middle = len(ids) // 2
        first = await remove(session, table, ids[:middle])
        return first | await remove(session, table, ids[middle:])
    return set()


async def forget(session: AsyncSession, job: UUID, ids: Sequence[UUID]) -> None:
    """What has been put back need not be kept."""
    await session.execute(delete(Former).where(Former.job_id == job, Former.row_id.in_(ids)))
