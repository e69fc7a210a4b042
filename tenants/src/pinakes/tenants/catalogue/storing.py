"""One batch of an import, written within one transaction."""

from collections import Counter
from collections.abc import Collection, Iterable
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.platform.db import uuid7
from pinakes.platform.messages import emit
from pinakes.tenants.catalogue.batches import Batch
from pinakes.tenants.catalogue.events import RecordsChanged
from pinakes.tenants.catalogue.models import Authority, CatalogueRecord
from pinakes.tenants.catalogue.ready import DELETED, Ready
from pinakes.tenants.catalogue.report import Report, add
from pinakes.tenants.catalogue.stock import Copy, stock

ALONE = text("SELECT pg_advisory_xact_lock(hashtext('catalogue.import'), pinakes_tenant())")
CAME = ("id", "key", "control_number", "agency", "digest", "dialect", "encoding", "state", "raw")

type Table = type[Authority | CatalogueRecord]


class Fate(StrEnum):
    NEW = "new"
    UPDATED = "updated"
    UNCHANGED = "unchanged"


class Settled(NamedTuple):
    """Which row a record became, or was already."""

    id: UUID
    fate: Fate


async def store(session: AsyncSession, batch: Batch, report: Report, job: UUID) -> None:
    """Write the batch into this branch, count it in *report*, and tell who listens."""
    await session.execute(ALONE)  # two imports into one branch take turns, batch by batch
    headings = [row for row in batch.rows.values() if row.authority]
    titles = [row for row in batch.rows.values() if not row.authority]
    settled = {
        True: await settle(session, Authority, headings),
        False: await settle(session, CatalogueRecord, titles),
    }
    count(batch, settled, report)
    changed = [one.id for one in settled[False].values() if one.fate is not Fate.UNCHANGED]
    if changed:
        emit(session, RecordsChanged(about=job, records=changed))
        await session.flush()
    copies = [
        Copy(settled[False][row.key].id, row.ordinal, row.form, item)
        for row in batch.readable
        for item in row.items
    ]
    await stock(session, copies, report.items, job)


async def settle(
    session: AsyncSession, table: Table, rows: Collection[Ready]
) -> dict[str, Settled]:
    """Write what is new or says something else; by key, what became of each row."""
    here = await known(session, table, [row.key for row in rows])
    fates: dict[str, Settled] = {}
    for row in rows:
        id, digest = here.get(row.key, (None, b""))
        if id is None:
            fates[row.key] = Settled(uuid7(), Fate.NEW)
        else:
            fates[row.key] = Settled(id, Fate.UNCHANGED if digest == row.digest else Fate.UPDATED)
    changed = [row for row in rows if fates[row.key].fate is not Fate.UNCHANGED]
    if changed:
        await copy(session, table, [(fates[row.key].id, *values(row)) for row in changed])
    return fates


async def known(
    session: AsyncSession, table: Table, keys: list[str]
) -> dict[str, tuple[UUID, bytes]]:
    """The rows that are here already: their ids and digests by key."""
    found = await session.execute(
        select(table.key, table.id, table.digest).where(table.key.in_(keys))
    )
    return {key: (id, digest) for key, id, digest in found}


def values(row: Ready) -> tuple[Any, ...]:
    """The columns of *row* after its id."""
    mark = (row.key, row.control_number, row.agency, row.digest)
    came = (*mark, row.dialect, row.encoding, row.state, row.raw)
    return came if row.authority else (*came, row.description, row.sort_key, row.isbn13)


async def copy(session: AsyncSession, table: Table, rows: Iterable[tuple[Any, ...]]) -> None:
    """COPY into a table of this transaction alone, then INSERT: policies refuse COPY itself."""
    name = table.__tablename__
    columns = CAME if table is Authority else (*CAME, "title_fields", "sort_key", "isbn13")
    listed = ", ".join(columns)
    told = ", ".join(f"{column} = excluded.{column}" for column in columns[2:])
    raw = await (await session.connection()).get_raw_connection()
    driver: Any = raw.driver_connection
    coming = f"coming_{name}"
    await driver.execute(
        f"CREATE TEMP TABLE {coming} ON COMMIT DROP AS"  # noqa: S608 (our own words)
        f" SELECT {listed} FROM {name} WITH NO DATA"
    )
    await driver.copy_records_to_table(coming, records=rows, columns=columns)
    await driver.execute(
        f"INSERT INTO {name} ({listed}) SELECT {listed} FROM {coming}"  # noqa: S608
        f" ON CONFLICT (tenant_id, key) DO UPDATE SET {told}, changed_at = now()"
    )


def count(batch: Batch, settled: dict[bool, dict[str, Settled]], report: Report) -> None:
    """Count every record of *batch* once, and what is told beside."""
    fates = Counter(settled[row.authority][row.key].fate for row in batch.rows.values())
    last = {key: row.digest for key, row in batch.rows.items()}
    for row in batch.before:  # its successor in the same batch was written in its stead
        same = last[row.authority, row.key] == row.digest
        fates[Fate.UNCHANGED if same else Fate.UPDATED] += 1
    report.read += len(batch)
    report.new += fates[Fate.NEW]
    report.updated += fates[Fate.UPDATED]
    report.unchanged += fates[Fate.UNCHANGED]
    report.quarantined += len(batch.broken)
    report.authorities += sum(row.authority for row in batch.readable)
    report.deleted += sum(row.state == DELETED for row in batch.readable)
    add(report.reasons, Counter(broken.reason for broken in batch.broken))
    add(report.encodings, Counter(row.encoding for row in batch.readable))
    add(report.repairs, Counter(repair for row in batch.readable for repair in row.repairs))
