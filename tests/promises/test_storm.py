"""Thirty kills -9: nothing acknowledged is lost, nothing is done twice."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest
from folders import open_folder
from mint import Mint
from pydantic import SecretStr

from pinakes.main.bench import serving
from pinakes.main.bench.storm import Stage, Tally, check, storm
from pinakes.main.embedded.postgres import Postgres
from pinakes.main.migrations.run import upgrade
from pinakes.platform.config import Settings

pytestmark = pytest.mark.anyio

KILLS = 30
LENDER, HOME = 1, 2
SCENE = """
INSERT INTO commons.consortium (id, code, name_zh, name_en) VALUES (1, 'storm', '风暴', 'Storm');
INSERT INTO commons.tenant
    (id, consortium_id, code, kind, path, name_zh, name_en, state, zone, version)
SELECT id, 1, code, 'county', ARRAY[id], code, code, 'active', 'Asia/Shanghai', 1
FROM (VALUES (1, 'lender'), (2, 'home')) AS t (id, code);
SET session_replication_role = replica;
INSERT INTO reader (tenant_id, id, person_id, kind, home_id, reader_kind, state, blocks,
                    keep_history, visits)
SELECT 2, gen_random_uuid(), p, 'home', 2, 'adult', 'active', '[]', true, '{}'
FROM unnest($1::uuid[]) p;
"""


async def scene(postgres: Postgres) -> tuple[list[str], list[str]]:
    """Ten readers of one branch, sixty items of another: cards and barcodes."""
    strong = await asyncpg.connect(postgres.address("postgres"))
    cards = [f"storm-{number}" for number in range(10)]
    barcodes = [f"book-{number}" for number in range(60)]
    people = [uuid4() for _ in cards]
    consortium, tenants, replica, readers, _ = SCENE.split(";")
    for order in (consortium, tenants, replica):
        await strong.execute(order)
    await strong.execute(readers, people)
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
    record = uuid4()
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
    await strong.close()
    return cards, barcodes


@pytest.fixture
async def stage(tmp_path: Path, mint: Mint) -> AsyncIterator[Stage]:
    """A federation of two branches that can be killed part by part."""
    with open_folder() as folder, Postgres(folder) as postgres:
        await asyncio.to_thread(upgrade, postgres.address("pinakes"))
        cards, barcodes = await scene(postgres)
        settings = Settings(
            database=SecretStr(postgres.address("pinakes_app")),
            carrier=SecretStr(postgres.address("pinakes_carrier")),
            public=SecretStr(postgres.address("pinakes_public")),
            issuer=mint.address,
            secret=SecretStr("5e" * 32),
            search=tmp_path / "search",
        )
        with serving.api(settings) as api, serving.worker(settings) as worker:
            headers = mint.staff("desk@lender")
            victims = (worker, postgres, postgres, postgres, postgres)  # Python starts slowly
            yield Stage(
                postgres, api, worker, headers, LENDER, "lender", HOME, cards, barcodes, victims
            )


async def test_nothing_acknowledged_is_lost_and_nothing_done_twice(stage: Stage) -> None:
    tally = await storm(stage, KILLS)
    assert tally.wrong == []
    assert (tally.kills, len(tally.lent) > 100, tally.unanswered > 0) == (KILLS, True, True)
    await the_check_would_find_each_fault(stage, tally)


FAULTS = {
    "an acknowledged loan is lost": "DELETE FROM loan WHERE id = $1",
    "an acknowledged return is lost": "UPDATE loan SET returned_at = NULL WHERE id = $1",
    "a loan was made twice": "UPDATE loan SET id = gen_random_uuid() WHERE id = $1",
    "the home branch tells another story": "DELETE FROM borrowed WHERE id = $1",
    "a message was numbered twice, or left out": """
        DELETE FROM outbox
        WHERE tenant_id = 1 AND receiver = 2 AND seq = 1 AND $1::uuid IS NOT NULL""",
}


async def the_check_would_find_each_fault(stage: Stage, tally: Tally) -> None:
    strong = await asyncpg.connect(stage.postgres.address("postgres"))
    await strong.execute("SET session_replication_role = replica")
    for (wrong, order), loan in zip(FAULTS.items(), tally.lent, strict=False):
        await strong.execute(order, loan)
        assert wrong in await check(stage, tally)
    await strong.close()
