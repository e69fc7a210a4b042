"""Branches full of readers and items, made by SQL; cards and barcodes are numbers from 0 on."""

import asyncio
from dataclasses import dataclass

import asyncpg

from pinakes.main.embedded.postgres import Postgres

FILL = """
INSERT INTO commons.consortium (id, code, name_zh, name_en) VALUES (1, 'bench', '测', 'Bench');
INSERT INTO commons.tenant (id, consortium_id, code, kind, parent_id, path, name_zh, name_en,
                            state, zone, version)
SELECT t, 1, 'branch-' || t, CASE t WHEN 1 THEN 'hub' ELSE 'county' END,
       CASE t WHEN 1 THEN NULL ELSE 1 END, CASE t WHEN 1 THEN ARRAY[1] ELSE ARRAY[1, t] END,
       '分馆', 'Branch', 'active', 'Asia/Shanghai', t
FROM generate_series(1, {last}, {apart}) t;
INSERT INTO commons.setting VALUES (1, 'loan.limit', '1000', false);
INSERT INTO reader (tenant_id, id, person_id, kind, home_id, reader_kind, state, blocks,
                    keep_history, visits)
SELECT t, p, p, 'home', t, 'adult', 'active', '[]', false, '[]'
FROM generate_series(1, {last}, {apart}) t, generate_series(0, {readers} - 1) n,
     LATERAL (SELECT md5(t || '/' || n)::uuid AS p) AS person;
INSERT INTO card (tenant_id, id, number, person_id, home_id, consortium_id, old, state)
SELECT t, p, n::text, p, t, 1, false, 'active'
FROM generate_series(1, {last}, {apart}) t, generate_series(0, {readers} - 1) n,
     LATERAL (SELECT md5(t || '/' || n)::uuid AS p) AS person;
INSERT INTO standing (tenant_id, id, person_id, consortium_id, reader_kind, may_borrow, blocks,
                      open_loans, loans_left, keep_history, as_of)
SELECT tenant_id, id, person_id, 1, 'adult', true, '[]', 0, 1000, false, now() FROM reader;
INSERT INTO record (tenant_id, id, key, control_number, agency, digest, dialect, encoding, state,
                    raw, title_fields, sort_key, isbn13)
SELECT t, md5(t || '.' || r)::uuid, r::text, r::text, 'bench', '', 'marc21', 'utf-8', 'live', '',
       jsonb_build_object('title', 'Title ' || r, 'publisher', 'Bench', 'year', 2026), '', ''
FROM generate_series(1, {last}, {apart}) t, generate_series(0, {records} - 1) r;
INSERT INTO item (tenant_id, id, record_id, barcode, kind, status, call_number)
SELECT t, md5(t || ':' || i)::uuid, md5(t || '.' || i % {records})::uuid, i::text, 'book',
       'on_shelf', 'I247.5/' || i
FROM generate_series(1, {last}, {apart}) t, generate_series(0, {items} - 1) i;
ANALYZE;
"""


@dataclass(frozen=True)
class Stock:
    """How much there is; readers, records and items per branch."""

    branches: int = 10
    readers: int = 10_000
    records: int = 2_000
    items: int = 40_000
    apart: int = 1  # from one branch's number to the next

    @property
    def last(self) -> int:
        """The number of the last branch."""
        return 1 + (self.branches - 1) * self.apart


def fill(postgres: Postgres, stock: Stock, database: str = "pinakes") -> None:
    """Put it in, past the policies, as the superuser."""

    async def work() -> None:
        connection = await asyncpg.connect(postgres.address("postgres", database))
        try:
            await connection.execute(FILL.format(**vars(stock), last=stock.last), timeout=120)
        finally:
            await connection.close()

    asyncio.run(work())
