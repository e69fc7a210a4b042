"""Reading the public catalogue: which branches hold an edition, and how to show it."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, Protocol
from uuid import UUID

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.platform.db import driver
from pinakes.tenants.catalogue.marc import Title


class Held(msgspec.Struct, frozen=True):
    """What one branch has of an edition."""

    tenant: int
    record: UUID
    call_numbers: list[str]
    items: int
    available: int
    rule: str


class Whole(msgspec.Struct, frozen=True):
    """An edition with everybody's records of it, the oldest first, and the one that is shown."""

    id: UUID
    held: list[Held]
    shown: Held
    title: Title


class Known(msgspec.Struct, frozen=True, gc=False):
    """An edition as the index describes it; some of its records' titles, the oldest first."""

    id: UUID
    consortium: int
    titles: list[Title]
    branches: list[int]
    free: list[int]
    call_numbers: list[str]


TITLE = msgspec.json.Decoder(Title)

MOST_NUMBERS = 10  # call numbers of one branch; none is cut off for the numbers of others
MOST = 100  # records of one edition that are shown of one branch: no honest one has more

EDITIONS = """
    SELECT edition_id, tenant_id, record_id, call_numbers, items, available, rule,
           CASE WHEN turn = 1 THEN (SELECT CAST(title_fields AS text) FROM commons.holding f
                                    WHERE (f.tenant_id, f.record_id) = (h.tenant_id, h.record_id))
           END AS title
    FROM (SELECT h.edition_id, h.tenant_id, h.record_id, h.call_numbers, h.items, h.available,
                 h.rule,
                 row_number() OVER (PARTITION BY h.edition_id
                                    ORDER BY h.tenant_id = $2 DESC, h.record_id) AS turn,
                 row_number() OVER (PARTITION BY h.edition_id, h.tenant_id
                                    ORDER BY h.record_id) AS place
          FROM commons.holding h
          JOIN commons.tenant t ON t.id = h.tenant_id AND t.state = 'active'
          WHERE h.edition_id = ANY($1)) h
    WHERE place <= $3 ORDER BY record_id
"""

BY_INDEX = "SET LOCAL enable_seqscan = off"  # a plan made of an empty table reads all of it later
KNOWN = """
    SELECT wanted.id, (SELECT consortium_id FROM commons.edition e WHERE e.id = wanted.id),
           h.tenant_id, h.free, h.call_numbers, h.title
    FROM unnest($1::uuid[]) AS wanted (id) CROSS JOIN LATERAL (
        SELECT tenant_id, h.available > 0 AS free, h.call_numbers[:$2] AS call_numbers,
               CASE WHEN row_number() OVER (ORDER BY h.record_id) <= 10
                    THEN convert_to(CAST(h.title_fields AS text), 'UTF8') END AS title
        FROM commons.holding h JOIN commons.branch_shown s USING (tenant_id)
        WHERE h.edition_id = wanted.id ORDER BY h.record_id) h
"""


class Reader(Protocol):
    """A pool or a connection of asyncpg: one trip, where a session takes three."""

    async def fetch(self, query: str, *args: object) -> list[Any]: ...


async def editions(
    reader: Reader, ids: Sequence[UUID], mine: int | None = None
) -> dict[UUID, Whole]:
    """Those of *ids* that an open branch holds, each shown as *mine* or else the oldest has it."""
    rows = await reader.fetch(EDITIONS, list(ids), mine or 0, MOST)
    held: dict[UUID, list[Held]] = {}
    shown: dict[UUID, tuple[Held, Title]] = {}
    for id, *of_holding, fields in rows:
        one = Held(*of_holding)
        held.setdefault(id, []).append(one)
        if fields is not None:
            shown[id] = (one, TITLE.decode(fields))
    return {id: Whole(id, held[id], *shown[id]) for id in held}


async def known(session: AsyncSession, ids: Sequence[UUID]) -> list[Known]:
    """What the index shall know of those of *ids* that it shows."""
    straight = await driver(session)
    await straight.execute(BY_INDEX)
    found: dict[UUID, list[tuple[Any, ...]]] = {}
    for id, *holding in await straight.fetch(KNOWN, ids, MOST_NUMBERS):
        found.setdefault(id, []).append(tuple(holding))
    return [described(id, holdings) for id, holdings in found.items()]


def described(id: UUID, holdings: Sequence[tuple[Any, ...]]) -> Known:
    """An edition as those rows have it."""
    consortiums, tenants, free, numbers, titles = zip(*holdings, strict=True)
    return Known(
        id=id,
        consortium=consortiums[0],
        titles=[TITLE.decode(title) for title in titles if title is not None],
        branches=sorted(set(tenants)),
        free=sorted({tenant for tenant, one in zip(tenants, free, strict=True) if one}),
        call_numbers=list(dict.fromkeys(by_branch(zip(tenants, numbers, strict=True)))),
    )


def by_branch(records: Iterable[tuple[int, Sequence[str]]]) -> Iterator[str]:
    """The first call numbers of each branch, whichever of its records have them."""
    branches: dict[int, dict[str, None]] = {}
    for tenant, numbers in records:
        branches.setdefault(tenant, {}).update(dict.fromkeys(numbers))
    for own in branches.values():
        yield from islice(own, MOST_NUMBERS)
