"""What a branch takes along of its catalogue beside the records, and how that comes in again."""

from collections.abc import Collection, Iterable, Sequence
from uuid import UUID

import msgspec
from msgspec import Struct
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import defer

from pinakes.platform.belongings import Belonging, Bring, Brought, Line, plain
from pinakes.platform.db import uuid7
from pinakes.platform.jobs import OPEN, Job
from pinakes.tenants.catalogue.alike import Verdict
from pinakes.tenants.catalogue.models import (
    CatalogueRecord,
    ItemTrouble,
    Mistake,
    Quarantined,
    Twin,
)
from pinakes.tenants.catalogue.schemas import Word
from pinakes.tenants.catalogue.service import IMPORT, SHEET, UNDO, file_names, keys_of
from pinakes.tenants.items.machine import BOUND, Status
from pinakes.tenants.items.models import Item
from pinakes.tenants.items.schemas import Barcode, FoundItem, Kind, Text
from pinakes.tenants.items.service import shelve

COPY = ("barcode", "kind", "call_number", "location", "copy", "price")


class Copy(Struct):
    """A copy as the archive has it, under the key of its title."""

    record: str
    barcode: Barcode
    kind: Kind
    status: Status
    call_number: Text
    location: Text | None
    copy: Text | None
    price: Text | None


class Said(Struct):
    """What somebody has said of two titles, by their keys."""

    records: tuple[str, str]
    rule: Word
    verdict: Verdict

    def __post_init__(self) -> None:
        if self.records[0] == self.records[1] or self.verdict is Verdict.OPEN:
            raise ValueError("nothing is said of two titles")


async def copies_told(session: AsyncSession, rows: Sequence[Item]) -> list[Line]:
    keys = await keys_of(session, list({row.record_id for row in rows}))
    return [
        {"record": keys[row.record_id], "status": row.status, **plain(row, *COPY)} for row in rows
    ]


async def bring_copies(session: AsyncSession, job: UUID, lines: Sequence[Copy]) -> Brought:
    """Copies under the titles of the same keys; what was lent or under way stands on its shelf."""
    brought = Brought(len(lines))
    records = await ids_of(session, [line.record for line in lines])
    copies: list[FoundItem] = []
    for line in lines:
        if line.record not in records:
            brought.leave("no_such_record", line.barcode)
            continue
        told = plain(line, *COPY) | {"record": records[line.record]}
        if line.status in BOUND:
            brought.alter(f"was_{line.status}", line.barcode)
        else:
            told["status"] = line.status.value
        copies.append(msgspec.convert(told, FoundItem))
    done = await shelve(session, copies, job)
    for barcode in done.taken:
        brought.leave("barcode_taken", barcode)
    brought.new, brought.updated = done.new, done.updated
    brought.unchanged = len(copies) - done.new - done.updated - len(done.taken)
    return brought


async def ids_of(session: AsyncSession, keys: Iterable[str]) -> dict[str, UUID]:
    """The records that are known by these keys."""
    row = CatalogueRecord
    found = await session.execute(select(row.key, row.id).where(row.key.in_(set(keys))))
    return {one.key: one.id for one in found}


async def twins_told(session: AsyncSession, rows: Sequence[Twin]) -> list[Line]:
    keys = await keys_of(session, [id for row in rows for id in (row.first_id, row.second_id)])
    return [
        {"records": [keys[row.first_id], keys[row.second_id]]}
        | plain(row, "rule", "verdict", "decided_at")
        for row in rows
        if {row.first_id, row.second_id} <= keys.keys()
    ]


async def bring_twins(session: AsyncSession, job: UUID, lines: Sequence[Said]) -> Brought:
    """What was said of two titles; what has been said of them here stays."""
    brought = Brought(len(lines))
    ids = await ids_of(session, [key for line in lines for key in line.records])
    known = await verdicts_of(session, ids.values())
    for line in lines:
        name = " + ".join(line.records)
        if not ids.keys() >= set(line.records):
            brought.leave("no_such_record", name)
            continue
        first, second = sorted(ids[key] for key in line.records)
        before = known.get((first, second))
        if before == line.verdict:
            brought.unchanged += 1
        elif before not in {None, Verdict.OPEN}:
            brought.leave("decided_here", name)
        else:
            await say(session, first, second, line)
            brought.new += before is None
            brought.updated += before is not None
    return brought


async def verdicts_of(
    session: AsyncSession, ids: Collection[UUID]
) -> dict[tuple[UUID, UUID], Verdict]:
    """What has been said here of these titles, two by two."""
    rows = select(Twin.first_id, Twin.second_id, Twin.verdict)
    mine = rows.where(Twin.first_id.in_(ids), Twin.second_id.in_(ids))
    return {(one, other): verdict for one, other, verdict in await session.execute(mine)}


async def say(session: AsyncSession, first: UUID, second: UUID, line: Said) -> None:
    """Write it down, unless somebody has been faster."""
    said = {"verdict": line.verdict, "decided_at": func.now()}
    row = insert(Twin).values(id=uuid7(), first_id=first, second_id=second, rule=line.rule, **said)
    await session.execute(
        row.on_conflict_do_update(
            index_elements=["tenant_id", "first_id", "second_id"],
            set_=said,
            where=Twin.verdict == Verdict.OPEN,
        )
    )


async def aside_told(session: AsyncSession, rows: Sequence[Quarantined]) -> list[Line]:
    told, one = ("ordinal", "byte_offset", "reason", "facts", "discarded_at"), Quarantined
    sizes = select(one.id, func.octet_length(one.raw)).where(one.id.in_([row.id for row in rows]))
    size = {row.id: row.octet_length for row in await session.execute(sizes)}
    return [{"import": row.job_id, "size": size[row.id], **plain(row, *told)} for row in rows]


async def imports_told(session: AsyncSession, rows: Sequence[Job]) -> list[Line]:
    names = await file_names(session, rows)
    return [
        plain(row, "id", "kind", "state", "failure", "report")
        | {"file": names.get(row.id, ""), "begun_at": row.created_at}
        | {"ended_at": None if row.state in OPEN else row.heartbeat}
        for row in rows
    ]


async def troubles_told(session: AsyncSession, rows: Sequence[ItemTrouble]) -> list[Line]:
    return [{"import": row.job_id, **plain(row, "ordinal", "barcode", "reason")} for row in rows]


async def mistakes_told(session: AsyncSession, rows: Sequence[Mistake]) -> list[Line]:
    keys = await keys_of(session, list({row.record_id for row in rows}))
    told = ("words", "state", "answer", "created_at", "answered_at")
    return [{"record": keys.get(row.record_id), **plain(row, *told)} for row in rows]


BELONGINGS = (
    Belonging(
        name="items.jsonl",
        zh="每册一行：条码、所属书目的键、状态、索书号、馆藏地、复本号、类型、价格",
        en="A line for each copy: barcode, the key of its title, status, call number, location, "
        "copy, kind, price",
        rows=select(Item).where(Item.guest_of.is_(None)),
        key=Item.id,
        told=copies_told,
        bring=Bring(Copy, bring_copies),
    ),
    Belonging(
        name="duplicates.jsonl",
        zh="人工判定：两条书目相同（same）或不同（different）",
        en="What people have said of two titles: same, or different",
        rows=select(Twin).where(Twin.verdict != Verdict.OPEN),
        key=Twin.id,
        told=twins_told,
        bring=Bring(Said, bring_twins),
    ),
    Belonging(
        name="aside.jsonl",
        zh="aside.bin 中每段一行，次序相同：字节数、原因、来自哪次导入、原文件中的位置",
        en="A line for each piece of aside.bin, in its order: bytes, why, of which import, where",
        rows=select(Quarantined)
        .options(defer(Quarantined.raw))  # some are large
        .where(Quarantined.mended_at.is_(None)),
        key=Quarantined.id,
        told=aside_told,
    ),
    Belonging(
        name="imports.jsonl",
        zh="历次导入和撤销的报告",
        en="The reports of all imports, and of what was taken back",
        rows=select(Job).where(Job.kind.in_((IMPORT, SHEET, UNDO))),
        key=Job.id,
        told=imports_told,
    ),
    Belonging(
        name="troubles.jsonl",
        zh="历次导入中未能入库的复本",
        en="Copies that imports could not take as their files have them",
        rows=select(ItemTrouble),
        key=ItemTrouble.id,
        told=troubles_told,
    ),
    Belonging(
        name="mistakes.jsonl",
        zh="读者报告的书目差错及答复",
        en="Mistakes in records that readers have reported, and the answers",
        rows=select(Mistake),
        key=Mistake.id,
        told=mistakes_told,
    ),
)
