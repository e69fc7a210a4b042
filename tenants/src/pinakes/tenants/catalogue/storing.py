"""One portion of an import, written within one transaction."""

from collections import Counter
from collections.abc import AsyncGenerator, Mapping
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.platform.db import driver
from pinakes.platform.messages import emit
from pinakes.tenants.catalogue.batches import Portion
from pinakes.tenants.catalogue.events import RecordsChanged
from pinakes.tenants.catalogue.models import ItemTrouble
from pinakes.tenants.catalogue.packing import CAME, HEAD, TAIL, TOLD
from pinakes.tenants.catalogue.report import Report, add
from pinakes.tenants.catalogue.stock import Copy, stock

ALONE = text("SELECT pg_advisory_xact_lock(hashtext('catalogue.import'), pinakes_tenant())")

COMING = """
    CREATE TEMP TABLE coming_{table} WITH (toast_tuple_target = 8160) ON COMMIT DROP AS
    SELECT 0 AS ordinal, id, {columns} FROM {table} WITH NO DATA
"""
SETTLE = """
    WITH told AS MATERIALIZED (
        SELECT c.ordinal, coalesce(r.id, c.id) AS id, r.import_id,
               CASE WHEN r.id IS NULL THEN 'new'
                    WHEN r.digest = c.digest THEN 'unchanged' ELSE 'updated' END AS fate
        FROM coming_{table} c LEFT JOIN LATERAL
            (SELECT id, digest, import_id FROM {table} WHERE key = c.key LIMIT 1) r ON true
    ), former AS (
        INSERT INTO former (id, job_id, kind, row_id, was)
        SELECT gen_random_uuid(), $1, '{table}', r.id, to_jsonb(r)
        FROM told JOIN {table} r ON r.id = told.id
        WHERE fate = 'updated' AND told.import_id IS DISTINCT FROM $1
    ), written AS (
        INSERT INTO {table} (id, import_id, {columns})
        SELECT told.id, $1, {columns} FROM coming_{table} JOIN told USING (ordinal)
        WHERE fate <> 'unchanged'
        ON CONFLICT (tenant_id, key) DO UPDATE
        SET import_id = excluded.import_id, changed_at = now(), {changes}
    )
    SELECT ordinal, id, fate FROM told
"""


class Fate(StrEnum):
    NEW = "new"
    UPDATED = "updated"
    UNCHANGED = "unchanged"


class Settled(NamedTuple):
    """Which row a record became, or was already."""

    id: UUID
    fate: Fate


async def store(
    session: AsyncSession, portion: Portion, report: Report, job: UUID
) -> list[ItemTrouble]:
    """Write the portion into this branch, count it in *report*, and tell who listens.

    What is to be told of copies that did not come in is for the caller to keep.
    """
    await session.execute(ALONE)  # two imports into one branch take turns, portion by portion
    headings = await settle(session, "authority", portion.headings, CAME, job)
    titles = await settle(session, "record", portion.titles, (*CAME, *TOLD), job)
    add(report, portion.counts)
    fates = Counter(one.fate for settled in (headings, titles) for one in settled.values())
    for fate, number in fates.items():
        setattr(report, fate, getattr(report, fate) + number)
    changed = [one.id for one in titles.values() if one.fate is not Fate.UNCHANGED]
    if changed:
        emit(session, RecordsChanged(about=job, records=changed))
        await session.flush()
    copies = [Copy(titles[one.row].id, one.ordinal, one.form, one.item) for one in portion.copies]
    return await stock(session, copies, report.items, job)


async def settle(
    session: AsyncSession, table: str, rows: list[bytes], columns: tuple[str, ...], job: UUID
) -> Mapping[int, Settled]:
    """Write what is new or says something else; by ordinal, what became of each row.

    By COPY into a table of this transaction alone: policies refuse COPY itself.
    """
    if not rows:
        return {}
    names = ", ".join(columns)
    changes = ", ".join(f"{column} = excluded.{column}" for column in columns[1:])
    straight = await driver(session)
    await straight.execute(COMING.format(table=table, columns=names))
    await straight.copy_to_table(
        f"coming_{table}",
        source=whole(rows),
        columns=("ordinal", "id", *columns),
        format="binary",
    )
    order = SETTLE.format(table=table, columns=names, changes=changes)
    settled = await straight.fetch(order, job)
    return {ordinal: Settled(id, Fate(fate)) for ordinal, id, fate in settled}


async def whole(rows: list[bytes]) -> AsyncGenerator[bytes]:
    """All of it at once. A file would go round in a circle with its reader, and be kept by it."""
    yield b"".join([HEAD, *rows, TAIL])
