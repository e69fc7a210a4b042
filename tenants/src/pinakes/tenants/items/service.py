"""What can be done with items."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from sqlalchemy import Select, Uuid, bindparam, exists, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.platform.audit import note
from pinakes.platform.db import driver, lock, to_json, uuid7
from pinakes.platform.errors import Conflict, NotFound
from pinakes.platform.messages import emit
from pinakes.tenants.items.events import ItemsChanged
from pinakes.tenants.items.machine import AT_THE_DESK, BOUND, Action, ItemMoveRefused, Status, move
from pinakes.tenants.items.models import Item
from pinakes.tenants.items.schemas import REFERENCE, ItemChange, NewItem, Shelved, Stock

SHELVE = text("""
    WITH told AS (
        SELECT * FROM jsonb_to_recordset(:items) AS t
            (id uuid, record uuid, barcode text, kind text, call_number text, location text,
             copy text, price text, status text)
    ), old AS (
        SELECT i.id, i.barcode, i.record_id, i.import_id FROM item i JOIN told t USING (barcode)
    ), written AS (
        INSERT INTO item AS i (id, record_id, barcode, kind, status, call_number, location,
                               copy, price, import_id)
        SELECT id, record, barcode, kind, coalesce(status, 'on_shelf'), call_number, location,
               copy, price, :job FROM told
        ON CONFLICT (tenant_id, barcode) DO UPDATE SET
            kind = excluded.kind, call_number = excluded.call_number,
            location = excluded.location, copy = excluded.copy, price = excluded.price,
            version = i.version + CASE WHEN i.import_id = :job THEN 0 ELSE 1 END,
            import_id = excluded.import_id
        WHERE i.record_id = excluded.record_id
          AND (i.kind, i.call_number, i.location, i.copy, i.price) IS DISTINCT FROM
              (excluded.kind, excluded.call_number, excluded.location, excluded.copy,
               excluded.price)
        RETURNING barcode
    ), former AS (
        INSERT INTO former (id, job_id, kind, row_id, was)
        SELECT gen_random_uuid(), :job, 'item', i.id, to_jsonb(i)
        FROM old JOIN written USING (barcode) JOIN item i ON i.id = old.id
        WHERE :job IS NOT NULL AND i.import_id IS DISTINCT FROM :job
    )
    SELECT t.barcode, t.record, old.barcode IS NULL AS new, written.barcode IS NOT NULL AS written,
           old.record_id IS DISTINCT FROM t.record AND old.record_id IS NOT NULL AS taken
    FROM told t LEFT JOIN old USING (barcode) LEFT JOIN written USING (barcode)
""").bindparams(bindparam("job", type_=Uuid))


class NoSuchItem(NotFound):
    code = "no_such_item"
    title = "There is no such item here"


class BarcodeTaken(Conflict):
    code = "barcode_taken"
    title = "Another item bears this barcode"


async def shelve(
    session: AsyncSession, items: Sequence[NewItem], job: UUID | None = None
) -> Shelved:
    """Put many items into stock at once; a second time changes nothing.

    What a *job* does here can be taken back (``undoing.take_back``).
    An item is known by its barcode. One that is here already keeps its status,
    and its record: a barcode of another record's item is reported, not moved.
    A barcode that occurs twice in *items* counts once, as it stands last.
    """
    told = {item.barcode: msgspec.to_builtins(item) | {"id": uuid7()} for item in items}
    params = {"items": to_json(list(told.values())), "job": job}
    rows = (await session.execute(SHELVE, params)).mappings().all()
    done = Shelved(taken=[row["barcode"] for row in rows if row["taken"]])
    done.new = sum(row["new"] for row in rows)
    done.updated = sum(row["written"] and not row["new"] for row in rows)
    done.unchanged = len(rows) - done.new - done.updated - len(done.taken)
    tell(session, *{row["record"] for row in rows if row["written"]})
    return done


async def add(session: AsyncSession, wish: NewItem) -> Item:
    """Put one item into stock, or BarcodeTaken."""
    if await session.scalar(select(exists().where(Item.barcode == wish.barcode))):
        raise BarcodeTaken("Find the item with this barcode, or print another one.")
    fields = msgspec.structs.asdict(wish)
    item = Item(record_id=fields.pop("record"), **fields)
    session.add(item)
    try:
        await session.flush()
    except IntegrityError as error:
        if "barcode" not in str(error.orig):
            raise
        raise BarcodeTaken("Somebody has just put an item with this barcode into stock.") from error
    note(session, "item.add", item.id)
    tell(session, item.record_id)
    return item


async def change(session: AsyncSession, id: UUID, wish: ItemChange) -> Item:
    """Write down what is different about an item."""
    item = await _mine(session, id)
    for field in wish.__struct_fields__:
        value = getattr(wish, field)
        if value is not msgspec.UNSET:
            setattr(item, field, value)
    await session.flush()
    note(session, "item.change", item.id)
    tell(session, item.record_id)
    return item


async def act(session: AsyncSession, id: UUID, action: Action) -> Item:
    """Move an item one step; whether it is lent is circulation's to say."""
    if action not in AT_THE_DESK:
        raise ItemMoveRefused("Items are lent and taken back with their reader's card.")
    item = await _mine(session, id)
    if item.status in BOUND:
        raise ItemMoveRefused(f"An item that is {item.status} moves by its loan or its request.")
    item.status = move(item.status, action)
    await session.flush()
    note(session, f"item.{action}", item.id)
    tell(session, item.record_id)
    return item


async def find(session: AsyncSession, id: UUID) -> Item:
    """The item, or NoSuchItem."""
    item = await session.scalar(select(Item).where(Item.id == id))
    if item is None:
        raise NoSuchItem("This branch has no item with this id.")
    return item


async def with_barcode(session: AsyncSession, barcode: str) -> Item:
    """The item that bears *barcode*, a guest of another branch perhaps; or NoSuchItem."""
    item = await session.scalar(listed(barcode))
    if item is None:
        raise NoSuchItem("This branch has no item with this barcode.")
    return item


def listed(
    barcode: str | None, record: UUID | None = None, status: Status | None = None
) -> Select[Item]:
    """Items, all or those with this barcode, of this record, in this status."""
    rows = select(Item)
    if status is not None:
        rows = rows.where(Item.status == status)
    if barcode is not None:
        rows = rows.where(Item.barcode == barcode)
    return rows if record is None else rows.where(Item.record_id == record)


COUNT = """
    SELECT record_id, kind, count(*) AS items,
           count(*) FILTER (WHERE status = 'on_shelf') AS available,
           coalesce(array_agg(DISTINCT call_number) FILTER (WHERE call_number <> ''), '{}')
               AS call_numbers
    FROM item WHERE record_id = ANY($1)
      AND status IN ('on_shelf', 'lent', 'processing', 'held', 'out')
    GROUP BY record_id, kind ORDER BY kind
"""


async def stock_of(session: AsyncSession, records: Sequence[UUID]) -> dict[UUID, Stock]:
    """How many copies there are of each of *records*, and how many stand on the shelf."""
    stock = {record: Stock([], 0, 0, 0, {}) for record in records}
    for row in await (await driver(session)).fetch(COUNT, records):
        found, free = stock[row["record_id"]], row["available"]
        found.call_numbers = sorted({*found.call_numbers, *row["call_numbers"]})
        found.items += row["items"]
        found.available += free
        if row["kind"] != REFERENCE:
            found.lendable += free
            found.kinds[row["kind"]] = free
    return stock


NEW = text("""
    SELECT record_id, count(*) AS copies, min(created_at) AS first FROM item
    WHERE record_id = ANY(CAST(:records AS uuid[])) AND status = 'on_shelf'
      AND kind <> 'reference' AND created_at >= :since
    GROUP BY record_id
""")


async def new_since(
    session: AsyncSession, records: Sequence[UUID], since: datetime
) -> dict[UUID, tuple[int, datetime]]:
    """How many copies to be lent came into stock since then, and when the first of them did."""
    rows = await session.execute(NEW, {"records": list(records), "since": since})
    return {row.record_id: (row.copies, row.first) for row in rows}


async def held(session: AsyncSession, records: Sequence[UUID]) -> set[UUID]:
    """Those of *records* that any item belongs to, wherever it is."""
    rows = select(Item.record_id).where(Item.record_id.in_(records)).distinct()
    return set(await session.scalars(rows))


async def _mine(session: AsyncSession, id: UUID) -> Item:
    item = await lock(session, Item, id)
    if item is None:
        raise NoSuchItem("This branch has no item with this id.")
    return item


def tell(session: AsyncSession, *records: UUID) -> None:
    """Let those who count copies count anew."""
    if records:
        emit(session, ItemsChanged(about=records[0], records=list(records)))
