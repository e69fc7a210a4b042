"""A branch that was restored to an earlier moment: what it is told again, and how it counts on.

Its watermarks went back with it, so what others have told it since is opened in their outboxes and
carried once more; what it still knows is dropped, as ever. Its own numbers went back, too: what
bore one that others have applied would pass for an old message, so they go on above those.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from msgspec import Struct
from sqlalchemy import text

from pinakes.platform.audit import note
from pinakes.platform.db import Database, public_work, unit_of_work
from pinakes.platform.directory import Tenant
from pinakes.platform.identity import Principal

PAIRS = """
    WITH pairs AS MATERIALIZED (
        SELECT s.tenant_id AS sender, s.last, coalesce(i.upto, 0) AS upto
        FROM outbox_sequence s JOIN commons.tenant t ON t.id = s.tenant_id AND t.cell IS NULL
        LEFT JOIN inbox i ON i.tenant_id = s.receiver AND i.sender = s.tenant_id
        WHERE s.receiver = :branch
    )"""
KNOWN = """
    EXISTS (SELECT FROM inbox_ahead a
            WHERE a.tenant_id = :branch AND a.sender = o.tenant_id AND a.seq = o.seq)"""
# whose watermark we see: a branch of this cell; of another, what was acknowledged since a moment
HERE = f"o.state = 'sent' AND o.seq > p.upto AND NOT {KNOWN}"
ELSEWHERE = "o.state = 'sent' AND o.sent_at >= :since"
AGAIN = """
    , kept AS (
        SELECT p.sender, min(o.seq) AS first, count(*) FILTER (WHERE {unknown}) AS again
        FROM pairs p JOIN outbox o ON o.tenant_id = p.sender AND o.receiver = :branch
        GROUP BY p.sender
    )
    SELECT p.sender, coalesce(k.again, 0), CASE WHEN :here THEN (
        SELECT count(*) FROM generate_series(p.upto + 1, coalesce(k.first - 1, p.last)) AS number
        WHERE number NOT IN (SELECT a.seq FROM inbox_ahead a
                             WHERE a.tenant_id = :branch AND a.sender = p.sender)) ELSE 0 END
    FROM pairs p LEFT JOIN kept k USING (sender) ORDER BY p.sender
"""
# What several have said about one thing was heard in an order: what was said after others is held
# until those have arrived. Its key never falls with the numbers of its sender, so that no two wait
# for each other.
OPEN = """
    , opened AS (
        SELECT o.tenant_id, o.id, o.about, o.seq,
               max(o.created_at) OVER (PARTITION BY o.tenant_id, o.about ORDER BY o.seq) AS key
        FROM pairs p JOIN outbox o ON o.tenant_id = p.sender AND o.receiver = :branch
        WHERE {unknown}
    ), placed AS (
        SELECT *, min(tenant_id) OVER past <> max(tenant_id) OVER past AS held
        FROM opened WINDOW past AS (PARTITION BY about ORDER BY key)
    )
    UPDATE outbox o SET state = 'waiting', tries = 0, sent_at = NULL,
                        due_at = CASE WHEN n.held THEN n.key + {held} ELSE now() END
    FROM placed n WHERE o.tenant_id = n.tenant_id AND o.id = n.id
"""
HELD = "interval '1000 years'"
LET_GO = text(f"""
    WITH held AS MATERIALIZED (
        SELECT lane.* FROM unnest(ARRAY[false, true]) AS of_lane CROSS JOIN LATERAL (
            SELECT tenant_id, id, receiver, about, due_at FROM outbox
            WHERE state = 'waiting' AND patient = of_lane AND due_at > now() + {HELD} / 2
            ORDER BY due_at LIMIT 1000) AS lane
    )
    UPDATE outbox o SET due_at = now() FROM held h
    WHERE o.tenant_id = h.tenant_id AND o.id = h.id AND NOT EXISTS (
        SELECT FROM outbox e
        WHERE e.receiver = h.receiver AND e.about = h.about AND e.tenant_id <> h.tenant_id
          AND e.state = 'waiting' AND h.due_at >
              CASE WHEN e.due_at > now() + {HELD} / 2 THEN e.due_at ELSE e.created_at + {HELD} END)
""")  # noqa: S608  (only our own words)
# A number that no row bears any more never comes: the watermark would wait for it for ever.
CLOSE = """, marks AS (
        INSERT INTO inbox (tenant_id, sender) SELECT CAST(:branch AS integer), sender FROM pairs
        ON CONFLICT DO NOTHING
    )
    INSERT INTO inbox_ahead (tenant_id, sender, seq)
    SELECT CAST(:branch AS integer), p.sender, number
    FROM pairs p CROSS JOIN LATERAL generate_series(p.upto + 1, p.last) AS number
    WHERE NOT EXISTS (SELECT FROM outbox o WHERE o.tenant_id = p.sender
                      AND o.receiver = :branch AND o.seq = number)
    ON CONFLICT DO NOTHING
"""
APPLIED = text("""
    SELECT * FROM (
        SELECT i.tenant_id, coalesce(s.last, 0) AS last, greatest(i.upto, (
            SELECT max(a.seq) FROM inbox_ahead a
            WHERE a.tenant_id = i.tenant_id AND a.sender = i.sender)) AS applied
        FROM inbox i JOIN commons.tenant t ON t.id = i.tenant_id AND t.cell IS NULL
        LEFT JOIN outbox_sequence s ON s.tenant_id = i.sender AND s.receiver = i.tenant_id
        WHERE i.sender = :branch) AS pair
    WHERE applied > last ORDER BY tenant_id
""")
COUNT_ON = text("""
    INSERT INTO outbox_sequence AS s (tenant_id, receiver, last)
    SELECT CAST(:branch AS integer), *
    FROM unnest(CAST(:receivers AS integer[]), CAST(:numbers AS bigint[]))
    ON CONFLICT (tenant_id, receiver) DO UPDATE SET last = greatest(s.last, excluded.last)
""")


class Again(Struct, frozen=True):
    """What one branch tells the restored one again; ``gone`` is kept by nobody any more."""

    sender: int
    receiver: int
    again: int
    gone: int


class Turned(Struct, frozen=True):
    """A receiver that has applied more of the restored branch than that knows it has said."""

    sender: int
    receiver: int
    last: int
    applied: int


class Plan(Struct, frozen=True):
    """What a replay does; of a branch elsewhere its own cell has to count on."""

    again: Sequence[Again]
    turned: Sequence[Turned]


async def plan(database: Database, branch: Tenant, since: datetime | None = None) -> Plan:
    """What is to be told again to a *branch* that was restored, and where its numbers turned back.

    *since* counts for a branch of another cell, whose watermarks are not here: the moment that it
    was restored to, or somewhat earlier.
    """
    asked = text(PAIRS + AGAIN.format(unknown=unknown(branch)))
    async with public_work(database.carrier) as session:
        here = {"here": branch.cell is None}
        rows = (await session.execute(asked, of(branch, since) | here)).all()
        again = [Again(sender, branch.id, again, gone) for sender, again, gone in rows]
        known = (await session.execute(APPLIED, {"branch": branch.id})).all()
    return Plan(
        [one for one in again if one.again or one.gone],
        [Turned(branch.id, *row) for row in known],
    )


async def replay(
    database: Database,
    branch: Tenant,
    since: datetime | None = None,
    above: Mapping[int, int] | None = None,
    asker: Principal | None = None,
) -> Plan:
    """Do what :func:`plan` says; *above* are numbers that receivers in other cells have applied.

    Each branch of this cell whose queues change has a line in its audit log, written before.
    """
    found = await plan(database, branch, since)
    numbers = {one.receiver: one.applied for one in found.turned} | dict(above or {})
    await write_down(database, branch, found, numbers, asker)
    async with public_work(database.carrier) as session:
        opened = text(PAIRS + OPEN.format(unknown=unknown(branch), held=HELD))
        await session.execute(opened, of(branch, since))
        if branch.cell is None:
            await session.execute(text(PAIRS + CLOSE), {"branch": branch.id})
            to = {"receivers": list(numbers), "numbers": list(numbers.values())}
            await session.execute(COUNT_ON, {"branch": branch.id} | to)
    return found


async def let_go(database: Database) -> None:
    """Let what was held go when what others had said before it has arrived."""
    async with public_work(database.carrier) as session:
        await session.execute(LET_GO)


async def write_down(
    database: Database,
    branch: Tenant,
    found: Plan,
    numbers: Mapping[int, int],
    asker: Principal | None,
) -> None:
    """Say in the audit logs of the branch, and of each that speaks again, what is done."""
    for one in found.again:
        async with unit_of_work(database.app, one.sender, asker, closed_too=True) as session:
            note(session, "messages.replay", branch.code, f"{one.again} again, {one.gone} gone")
    if branch.cell is None:
        again, gone = (sum(getattr(one, what) for one in found.again) for what in ("again", "gone"))
        told = f"{again} again, {gone} gone, {len(numbers)} receivers counted on"
        async with unit_of_work(database.app, branch.id, asker, closed_too=True) as session:
            note(session, "messages.restored", branch.code, told)


def unknown(branch: Tenant) -> str:
    return HERE if branch.cell is None else ELSEWHERE


def of(branch: Tenant, since: datetime | None) -> dict[str, object]:
    return {"branch": branch.id, **({} if branch.cell is None else {"since": since})}
