"""What a branch takes along of its catalogue beside the records, and how that comes in again."""

from collections.abc import Iterable, Sequence
from uuid import UUID

import msgspec
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import defer

from pinakes.platform.belongings import Belonging, Brought, Line, plain
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
from pinakes.tenants.catalogue.service import IMPORT, SHEET, UNDO, file_names, keys_of
from pinakes.tenants.items.machine import BOUND
from pinakes.tenants.items.models import Item
from pinakes.tenants.items.schemas import FoundItem
from pinakes.tenants.items.service import shelve

COPY = ("barcode", "kind", "call_number", "location", "copy", "price")


async def copies_told(session: AsyncSession, rows: Sequence[Item]) -> list[Line]:
    keys = await keys_of(session, list({row.record_id for row in rows}))
    return [
        {"record": keys[row.record_id], "status": row.status, **plain(row, *COPY)} for row in rows
    ]


async def bring_copies(session: AsyncSession, job: UUID, lines: Sequence[Line]) -> Brought:
    """Copies under the titles of the same keys; what was lent or under way stands on its shelf."""
    brought = Brought(len(lines))
    records = await ids_of(session, [line["record"] for line in lines])
    copies: list[FoundItem] = []
    for line in lines:
        fields = {name: line[name] for name in COPY}
        if line["record"] not in records:
            brought.leave("no_such_record")
            continue
        if line["status"] in BOUND:
            brought.leave(f"was_{line['status']}")
        else:
            fields["status"] = line["status"]
        copies.append(msgspec.convert(fields | {"record": records[line["record"]]}, FoundItem))
    done = await shelve(session, copies, job)
    brought.changed = done.new + done.updated
    for _ in done.taken:
        brought.leave("barcode_taken")
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


async def bring_twins(session: AsyncSession, job: UUID, lines: Sequence[Line]) -> Brought:
    """What was said of two titles; what has been said of them here stays."""
    brought = Brought(len(lines))
    ids = await ids_of(session, [key for line in lines for key in line["records"]])
    for line in lines:
        pair = sorted(ids[key] for key in line["records"] if key in ids)
        if len(pair) < len(line["records"]):
            brought.leave("no_such_record")
            continue
        said = {"verdict": Verdict(line["verdict"]), "decided_at": func.now()}
        row = insert(Twin).values(
            id=uuid7(), first_id=pair[0], second_id=pair[1], rule=line["rule"], **said
        )
        added = row.on_conflict_do_update(
            index_elements=["tenant_id", "first_id", "second_id"],
            set_=said,
            where=Twin.verdict == Verdict.OPEN,
        )
        brought.changed += len((await session.execute(added.returning(Twin.id))).all())
    return brought


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
        bring=bring_copies,
    ),
    Belonging(
        name="duplicates.jsonl",
        zh="人工判定：两条书目相同（same）或不同（different）",
        en="What people have said of two titles: same, or different",
        rows=select(Twin).where(Twin.verdict != Verdict.OPEN),
        key=Twin.id,
        told=twins_told,
        bring=bring_twins,
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
