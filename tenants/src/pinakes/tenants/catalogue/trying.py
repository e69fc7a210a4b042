"""A trial writes each portion, then takes it back; what that would have left is kept beside.

So what comes twice in a file is counted as an import counts it, however far apart, and after a
crash. It is forgotten when the trial is over, but for what its report names for a while.
"""

import asyncio
from collections.abc import AsyncGenerator, Collection, Iterable
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

from sqlalchemy import Uuid, bindparam, func, literal, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.platform.db import to_json, uuid7
from pinakes.platform.former import Former
from pinakes.tenants.catalogue.marc import Item
from pinakes.tenants.catalogue.models import Authority, CatalogueRecord
from pinakes.tenants.catalogue.repaired import put_right
from pinakes.tenants.catalogue.stock import short
from pinakes.tenants.catalogue.storing import ALONE

TABLES: dict[str, type[CatalogueRecord | Authority]] = {
    "record": CatalogueRecord,
    "authority": Authority,
}

OWNERS = """
    SELECT DISTINCT was ->> 'record' FROM tried
    WHERE job_id = :job AND kind = 'item' AND key = ANY(CAST(:barcodes AS text[]))
"""
RECORDS_AGAIN = """
    INSERT INTO {table}
        (id, import_id, key, digest, control_number, agency, dialect, encoding, state, raw{more})
    SELECT t.id, t.job_id, t.key, decode(t.was ->> 'digest', 'hex'), '', '', '', '', '', ''{nothing}
    FROM tried t
    WHERE t.job_id = :job AND t.kind = '{table}' AND t.key = ANY(CAST(:keys AS text[]))
    ON CONFLICT (tenant_id, key) DO UPDATE
    SET import_id = excluded.import_id, digest = excluded.digest, raw = ''
"""
COPIES_AGAIN = """
    INSERT INTO item (id, import_id, record_id, barcode, kind, status, call_number, location,
                      copy, price)
    SELECT t.id, t.job_id, r.id, t.key, t.was ->> 'kind', 'on_shelf', t.was ->> 'call_number',
           t.was ->> 'location', t.was ->> 'copy', t.was ->> 'price'
    FROM tried t JOIN LATERAL (
        SELECT id FROM record WHERE key = t.was ->> 'record' LIMIT 1) r ON true
    WHERE t.job_id = :job AND t.kind = 'item' AND t.key = ANY(CAST(:barcodes AS text[]))
    ON CONFLICT (tenant_id, barcode) DO UPDATE
    SET import_id = excluded.import_id, kind = excluded.kind, call_number = excluded.call_number,
        location = excluded.location, copy = excluded.copy, price = excluded.price
"""
AGAIN = (
    RECORDS_AGAIN.format(table="authority", more="", nothing=""),
    RECORDS_AGAIN.format(
        table="record", more=", title_fields, sort_key, isbn13", nothing=", '{}', '', ''"
    ),
    COPIES_AGAIN,
)
COPIES = """
    SELECT i.barcode, (SELECT key FROM record WHERE id = i.record_id) AS record,
           i.kind, i.call_number, i.location, i.copy, i.price
    FROM item i
    WHERE i.import_id = :job AND i.barcode = ANY(CAST(:barcodes AS text[]))
"""
REMEMBER = """
    INSERT INTO tried (id, job_id, kind, key, was, repairs)
    SELECT id, :job, kind, key, was, repairs FROM jsonb_to_recordset(:rows) AS t
        (id uuid, kind text, key text, was jsonb, repairs jsonb)
    ON CONFLICT (tenant_id, job_id, kind, key) DO UPDATE
    SET was = excluded.was, repairs = excluded.repairs
"""
FORGET = """
    DELETE FROM tried t USING job j
    WHERE j.id = t.job_id AND (j.id = :job OR j.state NOT IN ('queued', 'running'))
      AND t.repairs = '[]'
"""

FORGOTTEN = {"names": "gone"}  # the memo of a trial whose names have had their time

type Row = dict[str, Any]


@asynccontextmanager
async def tried(
    session: AsyncSession, job: UUID, keys: Collection[str], copies: Iterable[Item]
) -> AsyncGenerator[None]:
    """What is written within is taken back, and known of the next time.

    *keys* are those of all records that may be written, *copies* all copies.
    """
    barcodes = list({short(copy.barcode) for copy in copies})
    params: Row = {"job": job, "barcodes": barcodes}
    savepoint = await session.begin_nested()
    await session.execute(ALONE)  # before anything that another import may be writing
    params["keys"] = [*keys, *await session.scalars(asked(OWNERS), params)]
    for order in AGAIN:
        await session.execute(asked(order), params)
    yield
    written = [*await records(session, job, keys), *await copies_of(session, job, barcodes)]
    changed = await renewed(session, job)
    await savepoint.rollback()
    session.add_all(changed)
    if written:
        await session.execute(asked(REMEMBER), {"job": job, "rows": to_json(written)})


def asked(order: str) -> Any:
    return text(order).bindparams(bindparam("job", type_=Uuid))


async def records(session: AsyncSession, job: UUID, keys: Collection[str]) -> list[Row]:
    """The records that have just been written, and what had to be put right in them."""
    found: list[Row] = []
    for kind, table in TABLES.items():
        told = select(
            table.id, literal(kind).label("kind"), table.key, table.control_number, table.digest,
            table.dialect, table.encoding, table.raw,
        )  # fmt: skip
        mine = table.import_id == job, table.key.in_(keys), table.raw != b""
        rows = (await session.execute(told.where(*mine))).all()
        repairs = {one.id: one.repairs for one in await asyncio.to_thread(put_right, rows)}
        for row in rows:
            was = {"digest": row.digest.hex(), "control_number": row.control_number}
            found.append(remembered(kind, row.key, was, repairs.get(row.id, ())))
    return found


async def renewed(session: AsyncSession, job: UUID) -> list[Former]:
    """What was here before and has just been written anew, by the names that the report tells."""
    number, barcode = Former.was["control_number"].astext, Former.was["barcode"].astext
    told = func.jsonb_strip_nulls(
        func.jsonb_build_object("control_number", number, "barcode", barcode)
    )
    mine = Former.job_id == job, Former.created_at == func.now()  # in this transaction
    rows = await session.execute(select(Former.kind, Former.row_id, told.label("was")).where(*mine))
    return [
        Former(id=uuid7(), job_id=job, kind=row.kind, row_id=row.row_id, was=row.was)
        for row in rows
    ]


async def copies_of(session: AsyncSession, job: UUID, barcodes: list[str]) -> list[Row]:
    """The copies that have just been written, or were before."""
    rows = await session.execute(asked(COPIES), {"job": job, "barcodes": barcodes})
    return [remembered("item", row["barcode"], dict(row)) for row in rows.mappings()]


def remembered(kind: str, key: str, was: Row, repairs: tuple[str, ...] = ()) -> Row:
    return {"id": uuid7(), "kind": kind, "key": key, "was": was, "repairs": repairs}


async def forget(session: AsyncSession, job: UUID | None = None) -> None:
    """What a trial need not know any more: that of this *job*, and of all that have ended."""
    await session.execute(asked(FORGET), {"job": job})
