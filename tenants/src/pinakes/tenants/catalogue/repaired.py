"""Which records of an import had to be put right to be read: told again by their own bytes.

An import writes nothing about them, so it is no slower for it.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from typing import Any
from uuid import UUID

from msgspec import Struct
from sqlalchemy import literal, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.platform.paging import Page, behind, cursor
from pinakes.tenants.catalogue.giving import Open
from pinakes.tenants.catalogue.marc import Broken, Dialect
from pinakes.tenants.catalogue.marc.writing import again
from pinakes.tenants.catalogue.models import Authority, CatalogueRecord, Tried

AT_ONCE = 500  # records looked at in one transaction
MOST = 100_000  # looked at for one table: that takes some seconds
NOWHERE = UUID(int=0)


class Repaired(Struct):
    """A record as it is in the catalogue, and what was put right in it (codes, see the report).

    What only a trial has read is not there; ``id`` is then no record's.
    """

    id: UUID
    kind: str  # record, authority
    control_number: str
    repairs: tuple[str, ...]


async def page(session: AsyncSession, job: UUID, after: str | None) -> Page[Repaired]:
    """Those among the next records of an import; often few, and there are more all the same.

    What a later import has written again, or was here already, is not among them.
    """
    found, last = await some(session, job, NOWHERE if after is None else behind(after))
    return Page(found, cursor(last) if last else None)


async def all_of(opened: Open, job: UUID) -> AsyncGenerator[list[Repaired] | None]:
    """All of them, some at a time; None at the end when there were too many to look at."""
    last = NOWHERE
    for _ in range(MOST // AT_ONCE):
        async with opened() as session:
            found, more = await some(session, job, last)
        yield found
        if more is None:
            return
        last = more
    yield None


async def some(session: AsyncSession, job: UUID, last: UUID) -> tuple[list[Repaired], UUID | None]:
    """Those among the next records behind *last*, and where it goes on."""
    if tried := await of_trial(session, job, last):
        return tried, tried[-1].id if len(tried) == AT_ONCE else None
    rows = await written_by(session, job, last)
    found = await asyncio.to_thread(put_right, rows)
    return found, rows[-1].id if len(rows) == AT_ONCE else None


async def of_trial(session: AsyncSession, job: UUID, last: UUID) -> list[Repaired]:
    """What a trial has remembered of it; no record has come of them."""
    rows = select(Tried).where(Tried.job_id == job, Tried.repairs != [], Tried.id > last)
    return [
        Repaired(row.id, row.kind, row.was["control_number"], tuple(row.repairs))
        for row in await session.scalars(rows.order_by(Tried.id).limit(AT_ONCE))
    ]


async def written_by(session: AsyncSession, job: UUID, last: UUID) -> Sequence[Any]:
    """The next records and headings that an import has written, in the order of their ids."""
    some = union_all(*(
        select(one.id, literal(kind).label("kind"), one.control_number, one.dialect, one.encoding,
               one.raw)
        .where(one.import_id == job, one.id > last).order_by(one.id).limit(AT_ONCE)
        for one, kind in ((CatalogueRecord, "record"), (Authority, "authority"))
    )).subquery()  # fmt: skip
    return (await session.execute(select(some).order_by(some.c.id).limit(AT_ONCE))).all()


def put_right(rows: Sequence[Any]) -> list[Repaired]:
    """Those of *rows* that cannot be read as they are."""
    found: list[Repaired] = []
    for row in rows:
        one = again(row.raw, Dialect(row.dialect), row.encoding)
        if not isinstance(one, Broken) and one.repairs:
            found.append(Repaired(row.id, row.kind, row.control_number, one.repairs))
    return found
