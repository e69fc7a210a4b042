"""An import taken back: what it made goes, what it changed is as before.

What somebody has changed or lent since stays, and is told of.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.platform.db import uuid7
from pinakes.platform.former import forget, remove
from pinakes.platform.jobs import Run
from pinakes.platform.messages import emit
from pinakes.tenants.catalogue.calm import resting
from pinakes.tenants.catalogue.events import RecordsChanged
from pinakes.tenants.catalogue.models import Authority, CatalogueRecord, Kept
from pinakes.tenants.catalogue.packing import CAME, TOLD
from pinakes.tenants.catalogue.report import UndoReport
from pinakes.tenants.catalogue.schemas import UndoWish
from pinakes.tenants.catalogue.storing import ALONE
from pinakes.tenants.items.schemas import TakenBack, Untaken
from pinakes.tenants.items.service import held
from pinakes.tenants.items.undoing import take_back

ROWS = 500
START = UUID(int=0)

WROTE = """
    SELECT r.id, r.control_number, f.row_id IS NULL AS new,
           r.import_id IS DISTINCT FROM :job AS changed
    FROM {table} r LEFT JOIN former f ON f.job_id = :job AND f.row_id = r.id
    WHERE r.id > :after AND (r.import_id = :job OR r.id IN (
        SELECT later.row_id FROM former later
        WHERE later.import_id = :job AND later.kind = '{table}' AND later.row_id > :after
        ORDER BY later.row_id LIMIT :most))
    ORDER BY r.id LIMIT :most FOR UPDATE OF r
"""
RESTORE = """
    UPDATE {table} r SET (import_id, {columns}) = (was.import_id, {values}), changed_at = now()
    FROM former f, jsonb_populate_record(NULL::public.{table}, f.was) was
    WHERE f.job_id = :job AND f.row_id = r.id AND r.id = ANY(CAST(:ids AS uuid[]))
"""


class Place(msgspec.Struct):
    """How far an undo has come: which kind of row, and behind which."""

    kind: str = "item"
    after: UUID = START


FOLLOWING = {"item": "record", "record": "authority"}


async def run_undo(run: Run) -> dict[str, Any]:
    """Take back portion by portion; begun again after a crash, it goes on behind the last."""
    wish = msgspec.convert(run.args, UndoWish, strict=False)
    report = msgspec.convert(run.report or {}, UndoReport, strict=False)
    place: Place | None = msgspec.convert(run.memo, Place, strict=False)
    while place is not None:
        async with resting():
            place = await portion(run, wish.import_, place, report)
    told: dict[str, Any] = msgspec.to_builtins(report)
    return told


async def portion(run: Run, job: UUID, place: Place, report: UndoReport) -> Place | None:
    """Take some rows back and write down how far we are, both or neither; where to go on."""
    async with run.work() as session:
        await session.execute(ALONE)
        if place.kind == "item":
            done = await take_back(session, job, place.after, ROWS)
        else:
            done = await take_records_back(session, place.kind, job, place.after, run.id)
        count(report, place.kind, done)
        await tell_of(session, run.id, place.kind, done.kept)
        following = FOLLOWING.get(place.kind)
        if done.last is not None:
            place.after = done.last
        elif following is not None:
            place = Place(following)
        memo, told = msgspec.to_builtins(place), msgspec.to_builtins(report)
        await run.step(session, report.done, memo=memo, report=told)
    return place if done.last is not None or following is not None else None


async def take_records_back(
    session: AsyncSession, kind: str, job: UUID, after: UUID, undo: UUID
) -> TakenBack:
    """Some of the rows that the *job* wrote, behind *after*."""
    params = {"job": job, "after": after, "most": ROWS}
    rows = (await session.execute(text(WROTE.format(table=kind)), params)).all()
    mine = [row for row in rows if not row.changed]
    old = [row.id for row in mine if not row.new]
    new = [row.id for row in mine if row.new]
    await restore(session, kind, job, old)
    used = await held(session, new) if kind == "record" else set[UUID]()
    table = CatalogueRecord if kind == "record" else Authority
    used |= await remove(session, table, [id for id in new if id not in used])
    if kind == "record" and mine:
        emit(session, RecordsChanged(about=undo, records=[row.id for row in mine]))
    return TakenBack(
        removed=len(new) - len(used),
        restored=len(old),
        kept=[
            Untaken(row.id, row.control_number, "changed_since" if row.changed else "still_used")
            for row in rows
            if row.changed or row.id in used
        ],
        last=rows[-1].id if rows else None,
    )


async def restore(session: AsyncSession, kind: str, job: UUID, ids: Sequence[UUID]) -> None:
    columns = (*CAME, *TOLD) if kind == "record" else CAME
    values = ", ".join(f"was.{column}" for column in columns)
    order = RESTORE.format(table=kind, columns=", ".join(columns), values=values)
    await session.execute(text(order), {"job": job, "ids": list(ids)})
    await forget(session, job, ids)


def count(report: UndoReport, kind: str, done: TakenBack) -> None:
    counts = {"item": report.items, "record": report.records, "authority": report.authorities}[kind]
    counts.removed += done.removed
    counts.restored += done.restored
    counts.kept += len(done.kept)


async def tell_of(session: AsyncSession, undo: UUID, kind: str, kept: Sequence[Untaken]) -> None:
    """A line for each row that stayed."""
    rows = [
        {"id": uuid7(), "job_id": undo, "kind": kind, "row_id": id, "known_as": name, "reason": why}
        for id, name, why in kept
    ]
    if rows:
        await session.execute(insert(Kept), rows)
