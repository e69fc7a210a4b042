"""What a storm needs to find: ten readers of one branch, sixty items of another."""

from uuid import uuid4

import asyncpg

from pinakes.main.embedded.postgres import Postgres

LENDER, HOME = 1, 2
SCENE = """
INSERT INTO commons.consortium (id, code, name_zh, name_en) VALUES (1, 'storm', '风暴', 'Storm');
INSERT INTO commons.tenant
    (id, consortium_id, code, kind, path, name_zh, name_en, state, zone, version)
SELECT id, 1, code, 'county', ARRAY[id], code, code, 'active', 'Asia/Shanghai', 1
FROM (VALUES (1, 'lender'), (2, 'home')) AS t (id, code);
SET session_replication_role = replica;
"""
READERS = """
INSERT INTO reader (tenant_id, id, person_id, kind, home_id, reader_kind, state, blocks,
                    keep_history, visits, contact)
SELECT 2, gen_random_uuid(), p, 'home', 2, 'adult', 'active', '[]', true, '{}',
       'storm@example.org'
FROM unnest($1::uuid[]) p;
"""


async def scene(postgres: Postgres) -> tuple[list[str], list[str]]:
    """Ten readers of one branch, sixty items of another: cards and barcodes."""
    strong = await asyncpg.connect(postgres.address("postgres"))
    await strong.execute(SCENE)
    told = await readers(strong), await items(strong)
    await strong.close()
    return told


async def readers(strong: asyncpg.Connection) -> list[str]:
    """Their cards."""
    cards = [f"storm-{number}" for number in range(10)]
    people = [uuid4() for _ in cards]
    await strong.execute(READERS, people)
    await strong.executemany(
        """
        INSERT INTO card (tenant_id, id, number, person_id, home_id, consortium_id, old, state)
        VALUES (2, gen_random_uuid(), $1, $2, 2, 1, false, 'active')""",
        list(zip(cards, people, strict=True)),
    )
    await strong.executemany(
        """
        INSERT INTO standing (tenant_id, id, person_id, consortium_id, reader_kind, may_borrow,
                              blocks, open_loans, loans_left, keep_history, as_of)
        VALUES (2, gen_random_uuid(), $1, 1, 'adult', true, '[]', 0, 1000, true, now())""",
        [(person,) for person in people],
    )
    return cards


async def items(strong: asyncpg.Connection) -> list[str]:
    """Their barcodes."""
    barcodes, record = [f"book-{number}" for number in range(60)], uuid4()
    await strong.execute(
        """
        INSERT INTO record (tenant_id, id, key, control_number, agency, digest, dialect, encoding,
                            state, raw, title_fields, sort_key, isbn13)
        VALUES (1, $1, 'k', 'k', '', '', 'marc21', 'utf-8', 'active', '',
                '{"title": "风暴"}', '', '')""",
        record,
    )
    await strong.executemany(
        """
        INSERT INTO item (tenant_id, id, record_id, barcode, kind, status, call_number)
        VALUES (1, gen_random_uuid(), $1, $2, 'book', 'on_shelf', 'I247')""",
        [(record, barcode) for barcode in barcodes],
    )
    return barcodes
