"""Whether the time of an answer tells that an id exists at another branch."""

import asyncio
import time
from collections.abc import Mapping
from statistics import median
from uuid import UUID, uuid4

import asyncpg
import httpx

from pinakes.main.bench import serving
from pinakes.main.bench.ground import Ground
from pinakes.main.bench.report import Result
from pinakes.main.embedded.postgres import Postgres

DOORS = {
    "catalogue/records/{}": "record",
    "catalogue/records/{}/raw": "record",
    "items/{}": "item",
    "readers/{}": "reader",
}
TIMES = 300  # of each door, once with an id of another branch and once with nobody's
MINE, THEIRS = "branch-1", 2
NOT_FOUND = 404


def told(place: Ground) -> tuple[Result, dict[str, float]]:
    """The largest difference of two medians among the doors, and that of each."""
    with serving.api(place.settings) as api:
        ids = asyncio.run(theirs(place.postgres))
        headers = {"Authorization": f"Bearer {place.token(f'desk@{MINE}', f'cataloguer@{MINE}')}"}
        with httpx.Client(base_url=f"{api.address}/v1/b/{MINE}/", headers=headers) as client:
            gaps = {path: gap(client, path, ids[table]) for path, table in DOORS.items()}
    result = Result(
        metric="foreign_vs_absent_ms",
        value=max(gaps.values()),
        must=5,
        goal=0.5,
        better="lower",
        unit="ms",
    )
    return result, gaps


async def theirs(postgres: Postgres) -> Mapping[str, list[UUID]]:
    """Ids of another branch's rows, for each table that a door looks into."""
    strong = await asyncpg.connect(postgres.address("postgres"))
    found: dict[str, list[UUID]] = {}
    for table in {*DOORS.values()}:
        some = f"SELECT id FROM {table} WHERE tenant_id = $1 LIMIT $2"  # noqa: S608  (our table)
        found[table] = [row["id"] for row in await strong.fetch(some, THEIRS, TIMES)]
    await strong.close()
    return found


def gap(client: httpx.Client, path: str, ids: list[UUID]) -> float:
    """Milliseconds between the medians, asked in turns: whatever disturbs one disturbs both."""
    pairs = [(asked(client, path, id), asked(client, path, uuid4())) for id in ids]
    foreign, absent = zip(*pairs, strict=True)
    difference: float = abs(median(foreign) - median(absent))
    return round(difference, 3)


def asked(client: httpx.Client, path: str, id: UUID) -> float:
    """Milliseconds until it is said that there is no such thing."""
    began = time.perf_counter()
    answer = client.get(path.format(id))
    took = (time.perf_counter() - began) * 1000
    if answer.status_code != NOT_FOUND:
        raise RuntimeError(f"{path}: {answer.status_code} {answer.text}")
    return took
