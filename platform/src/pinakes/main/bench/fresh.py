"""How soon a record that a branch has committed is found over HTTP."""

import asyncio
import time
from typing import Any
from urllib.parse import quote
from uuid import UUID

import asyncpg
import httpx
import msgspec

from pinakes.main.bench.ground import Ground
from pinakes.main.bench.report import Result
from pinakes.platform.db import Database, unit_of_work, uuid7
from pinakes.platform.messages import emit
from pinakes.tenants.catalogue.events import RecordsChanged
from pinakes.tenants.catalogue.marc import Title

TIMES = 7
PATIENCE = 30.0
NAMES = "甲乙丙丁戊己庚辛壬癸"
RECORD = """
INSERT INTO record (tenant_id, id, key, control_number, agency, digest, dialect, encoding, state,
                    raw, title_fields, sort_key, isbn13)
VALUES (1, $1, $2, $2, 'bench', '', 'marc21', 'utf-8', 'live', '', $3, '', '')
"""


def seconds(place: Ground, port: int) -> Result:
    """The worst of several; the first, while the worker wakes up, is not counted."""
    took = asyncio.run(measured(place, port))[1:]
    return Result(
        metric="fresh_seconds",
        value=round(max(took), 3),
        must=2,
        goal=0.5,
        better="lower",
        unit="s",
    )


async def measured(place: Ground, port: int) -> list[float]:
    strong: Any = await asyncpg.connect(place.postgres.address("postgres"))
    address = f"http://127.0.0.1:{port}/v1/catalogue/search"
    async with Database.open(place.settings) as database, httpx.AsyncClient() as client:
        took = [await once(strong, database, client, address, number) for number in range(TIMES)]
    await strong.close()
    return took


async def once(
    strong: Any, database: Database, client: httpx.AsyncClient, address: str, number: int
) -> float:
    """Commit one record, and look for it until it is there."""
    title, id = f"鼯鼠饕餮{NAMES[number]}记", uuid7()
    fields = msgspec.json.encode(Title(title=title)).decode()
    await strong.execute(RECORD, id, str(id), fields)
    await tell(database, id)
    began = time.monotonic()
    while (await client.get(f"{address}?q={quote(f'“{title}”')}")).json()["total"] == 0:
        if time.monotonic() - began > PATIENCE:
            raise TimeoutError(title)
        await asyncio.sleep(0.02)
    return time.monotonic() - began


async def tell(database: Database, id: UUID) -> None:
    async with unit_of_work(database.app, 1) as session:
        emit(session, RecordsChanged(about=id, records=[id]), to=None)
