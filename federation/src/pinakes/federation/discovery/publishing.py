"""What branches show the public, written by listeners when records or items change."""

import asyncio
from collections.abc import Collection
from uuid import UUID

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.federation.discovery.assigning import Own, Placed, assign, take_back
from pinakes.federation.discovery.choosing import chosen
from pinakes.federation.discovery.editions import TITLE
from pinakes.federation.discovery.meeting import marks
from pinakes.platform.db import Database, driver, public_work, to_json
from pinakes.platform.messages import Message
from pinakes.tenants.catalogue.events import RecordsChanged
from pinakes.tenants.catalogue.service import Described, described
from pinakes.tenants.items.events import ItemsChanged
from pinakes.tenants.items.schemas import Stock
from pinakes.tenants.items.service import stock_of

IN_TURN = text("SELECT pg_advisory_xact_lock(hashtext('commons.holding'), :tenant)")

BEFORE = """
    WITH gone AS (DELETE FROM commons.holding WHERE tenant_id = $1 AND record_id = ANY($3))
    SELECT record_id, edition_id, CASE WHEN NOT EXISTS (
               SELECT FROM commons.holding o WHERE o.edition_id = h.edition_id
                   AND (o.tenant_id, o.record_id) <> (h.tenant_id, h.record_id))
           THEN convert_to(CAST(title_fields AS text), 'UTF8') END
    FROM commons.holding h WHERE tenant_id = $1 AND record_id = ANY($2)
"""

HOLDINGS = """
    INSERT INTO commons.holding AS h (tenant_id, record_id, edition_id, rule, title_fields,
                                      call_numbers, items, available, lendable, kinds)
    SELECT $1, record, edition, rule, CAST(convert_from(fields, 'UTF8') AS json),
           ARRAY(SELECT jsonb_array_elements_text(numbers)), items, available, lendable, kinds
    FROM unnest($2::uuid[], $3::uuid[], $4::text[], $5::bytea[], $6::jsonb[], $7::integer[],
                $8::integer[], $9::integer[], $10::jsonb[])
        AS t (record, edition, rule, fields, numbers, items, available, lendable, kinds)
    ON CONFLICT (tenant_id, record_id) DO UPDATE SET
        edition_id = excluded.edition_id, rule = excluded.rule,
        title_fields = excluded.title_fields, call_numbers = excluded.call_numbers,
        items = excluded.items, available = excluded.available,
        lendable = excluded.lendable, kinds = excluded.kinds
"""

CONSORTIUM = "SELECT consortium_id FROM commons.tenant WHERE id = $1"

COUNTS = text("""
    WITH told AS (SELECT * FROM jsonb_to_recordset(:rows) AS t
                      (record uuid, call_numbers text[], items integer, available integer,
                       lendable integer, kinds jsonb)),
    turned (edition) AS (
    UPDATE commons.holding h
    SET call_numbers = told.call_numbers, items = told.items, available = told.available,
        lendable = told.lendable, kinds = told.kinds
    FROM told, commons.holding old
    WHERE h.tenant_id = :tenant AND h.record_id = told.record
      AND (h.call_numbers, h.items, h.available, h.kinds)
          IS DISTINCT FROM (told.call_numbers, told.items, told.available, told.kinds)
      AND old.tenant_id = h.tenant_id AND old.record_id = h.record_id
    RETURNING CASE WHEN (old.available > 0, old.call_numbers)
                        IS DISTINCT FROM (told.available > 0, told.call_numbers)
                   THEN h.edition_id END)
    INSERT INTO commons.edition_changed AS c (edition_id)
    SELECT DISTINCT edition FROM turned WHERE edition IS NOT NULL ORDER BY edition
    ON CONFLICT (edition_id) DO UPDATE SET version = c.version + 1
""")

CHANGED = """
    INSERT INTO commons.edition_changed AS c (edition_id)
    SELECT DISTINCT unnest($1::uuid[]) AS id ORDER BY id
    ON CONFLICT (edition_id) DO UPDATE SET version = c.version + 1
"""

BRANCH_CHANGED = text("""
    INSERT INTO commons.edition_changed AS c (edition_id)
    SELECT DISTINCT edition_id FROM commons.holding WHERE tenant_id = :tenant ORDER BY edition_id
    ON CONFLICT (edition_id) DO UPDATE SET version = c.version + 1
""")


async def records_changed(session: AsyncSession, event: RecordsChanged, message: Message) -> None:
    """Show these records as they are now, or no longer."""
    database: Database = session.info["database"]
    async with public_work(database.public) as public:
        await public.execute(IN_TURN, {"tenant": message.receiver})  # then read: never stale
        visible = [one for one in await described(session, event.records) if one.visible]
        shown = [one.id for one in visible]
        stock, choices = await stock_of(session, shown), await chosen(session, shown)
        await publish(public, message.receiver, event.records, visible, stock, choices)


async def items_changed(session: AsyncSession, event: ItemsChanged, message: Message) -> None:
    """Count the copies of these records anew; the index hears when the last one goes or comes."""
    database: Database = session.info["database"]
    async with public_work(database.public) as public:
        await public.execute(IN_TURN, {"tenant": message.receiver})
        stock = await stock_of(session, event.records)
        rows = [{"record": id, **counts(stock[id])} for id in event.records]
        await public.execute(COUNTS, {"rows": to_json(rows), "tenant": message.receiver})


async def publish(
    public: AsyncSession,
    tenant: int,
    records: Collection[UUID],
    visible: Collection[Described],
    stock: dict[UUID, Stock],
    choices: dict[UUID, Placed],
) -> None:
    """Write what is *visible* of *records*, take the others away, and tell the index of both."""
    straight = await driver(public)
    gone = set(records) - {one.id for one in visible}
    held = await straight.fetch(BEFORE, tenant, records, gone)
    before = {edition for _, edition, _ in held}
    consortium = await straight.fetchval(CONSORTIUM, tenant)
    met = await asyncio.to_thread(
        lambda: {one.id: marks(tenant, one.id, one.title) for one in visible}
    )
    alone = {
        id: Own(edition, marks(tenant, id, TITLE.decode(alone)))
        for id, edition, alone in held
        if alone and id in met.keys() - choices.keys()
    }
    own = await take_back(straight, consortium, alone, met)
    placed = await assign(straight, consortium, met, choices, own)
    rows = [row(one, placed[one.id], stock[one.id]) for one in visible]
    if rows:
        await straight.execute(HOLDINGS, tenant, *zip(*rows, strict=True))
    after = {one.edition for one in placed.values()}
    await straight.execute(CHANGED, before | after)


def row(one: Described, placed: Placed, stock: Stock) -> tuple[object, ...]:
    """What the public is shown of a record."""
    numbers, kinds = to_json(stock.call_numbers), to_json(stock.kinds)
    held = stock.items, stock.available, stock.lendable
    return one.id, placed.edition, placed.rule, one.raw, numbers, *held, kinds


def counts(stock: Stock) -> dict[str, object]:
    return msgspec.structs.asdict(stock)


async def mark_branch(public: AsyncSession, tenant: int) -> None:
    """Let the index look again at everything that a branch holds."""
    await public.execute(BRANCH_CHANGED, {"tenant": tenant})
