"""A restored branch as a sender: others know more of what it has said than it does itself.

What bore a number that they have applied would pass for an old message, so it counts on above
those. What waited without a number when the backup was taken has been carried since: it gets the
numbers that it had then, and is dropped where it was heard. A number that nobody bears any more
never comes: its receiver's watermark would wait for it for ever.
"""

from collections.abc import Mapping, Sequence

from msgspec import Struct
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.platform.directory import Tenant

# Said before the watermark last moved: by then the carrier, which numbers by id, had been there.
# What was said after the restore is younger, as no worker runs until this is done.
PAIRS = """
    WITH pairs AS MATERIALIZED (
        SELECT i.tenant_id AS receiver, i.upto, i.newest, coalesce(s.last, 0) AS last,
               greatest(i.upto, (
                   SELECT max(a.seq) FROM inbox_ahead a
                   WHERE a.tenant_id = i.tenant_id AND a.sender = i.sender)) AS applied
        FROM inbox i JOIN commons.tenant t ON t.id = i.tenant_id AND t.cell IS NULL
        LEFT JOIN outbox_sequence s ON s.tenant_id = i.sender AND s.receiver = i.tenant_id
        WHERE i.sender = :branch
    ), fresh AS MATERIALIZED (
        SELECT p.receiver, o.id, coalesce(o.created_at < p.newest, false) AS carried,
               p.last + row_number() OVER (
                   PARTITION BY p.receiver, o.created_at < p.newest ORDER BY o.id) AS seq
        FROM pairs p JOIN outbox o ON o.tenant_id = :branch AND o.receiver = p.receiver
        WHERE o.seq IS NULL
    ), numbers AS MATERIALIZED (
        SELECT p.receiver, number, number > p.last AS anew, f.id IS NOT NULL AS waited,
               number <= p.upto OR a.seq IS NOT NULL AS known,
               f.id IS NOT NULL OR o.id IS NOT NULL AS kept
        FROM pairs p CROSS JOIN LATERAL generate_series(least(p.upto, p.last) + 1, p.applied) number
        LEFT JOIN inbox_ahead a
            ON a.tenant_id = p.receiver AND a.sender = :branch AND a.seq = number
        LEFT JOIN outbox o ON o.tenant_id = :branch AND o.receiver = p.receiver AND o.seq = number
        LEFT JOIN fresh f ON f.carried AND f.receiver = p.receiver AND f.seq = number
    )"""
TURNED = """
    SELECT p.receiver, p.last, p.applied, n.forgotten, n.heard, n.missed,
           CASE WHEN p.applied > p.upto OR p.newest IS NULL THEN least(n.forgotten, (
               SELECT count(*) FROM fresh f WHERE f.receiver = p.receiver AND NOT f.carried
           )) ELSE 0 END AS unsure
    FROM pairs p CROSS JOIN LATERAL (
        SELECT count(*) FILTER (WHERE known AND anew AND NOT kept) AS forgotten,
               count(*) FILTER (WHERE known AND waited) AS heard,
               count(*) FILTER (WHERE NOT known AND NOT kept) AS missed
        FROM numbers WHERE numbers.receiver = p.receiver) n
    WHERE p.applied > p.last OR n.missed > 0 ORDER BY p.receiver
"""
RENUMBER = """, counted AS (
        INSERT INTO outbox_sequence AS s (tenant_id, receiver, last)
        SELECT CAST(:branch AS integer), receiver, max(seq) FROM fresh
        WHERE carried GROUP BY receiver
        ON CONFLICT (tenant_id, receiver) DO UPDATE SET last = excluded.last
    ), closed AS (
        INSERT INTO inbox_ahead (tenant_id, sender, seq)
        SELECT receiver, CAST(:branch AS integer), number FROM numbers WHERE NOT known AND NOT kept
        ON CONFLICT DO NOTHING
    )
    UPDATE outbox o SET seq = f.seq FROM fresh f
    WHERE f.carried AND o.tenant_id = :branch AND o.id = f.id
"""
COUNT_ON = text("""
    INSERT INTO outbox_sequence AS s (tenant_id, receiver, last)
    SELECT CAST(:branch AS integer), *
    FROM unnest(CAST(:receivers AS integer[]), CAST(:numbers AS bigint[]))
    ON CONFLICT (tenant_id, receiver) DO UPDATE SET last = greatest(s.last, excluded.last)
""")
NO_CLAIM = text("SELECT pg_advisory_xact_lock(20261121)")  # nobody else numbers meanwhile


class Turned(Struct, frozen=True):
    """A receiver that has applied more of the restored branch than that knows it has said.

    What it knows of that is ``forgotten``, or still waited in the backup and counts as ``heard``;
    ``missed`` never arrived, and nobody can say it again. It may hear ``unsure`` twice: the
    watermark had not moved yet after these were said.
    """

    sender: int
    receiver: int
    last: int
    applied: int
    forgotten: int
    heard: int
    missed: int
    unsure: int


async def turned(session: AsyncSession, branch: Tenant) -> Sequence[Turned]:
    """Who of this cell knows more of *branch*, or waits for what nobody says any more."""
    rows = await session.execute(text(PAIRS + TURNED), {"branch": branch.id})
    return [Turned(branch.id, *row) for row in rows]


async def count_on(session: AsyncSession, branch: Tenant, numbers: Mapping[int, int]) -> None:
    """Number what waits as it was numbered, close gaps, and go on above *numbers*."""
    await session.execute(NO_CLAIM)
    await session.execute(text(PAIRS + RENUMBER), {"branch": branch.id})
    to = {"receivers": list(numbers), "numbers": list(numbers.values())}
    await session.execute(COUNT_ON, {"branch": branch.id} | to)
