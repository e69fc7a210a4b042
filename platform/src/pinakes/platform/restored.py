"""A branch that was restored to an earlier moment: what it is told again, and how it counts on.

Its watermarks went back with it, so what others have told it since is opened in their outboxes and
carried once more; what it still knows is dropped, as ever. Its own numbers went back, too: see
``turned.py``.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from msgspec import Struct
from sqlalchemy import text

from pinakes.platform.audit import note
from pinakes.platform.db import Database, public_work, unit_of_work
from pinakes.platform.directory import Tenant
from pinakes.platform.errors import BadRequest
from pinakes.platform.identity import Principal
from pinakes.platform.turned import Turned, count_on, turned

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
HELD_ROWS = f"""
    WITH held AS MATERIALIZED (
        SELECT lane.* FROM unnest(ARRAY[false, true]) AS of_lane CROSS JOIN LATERAL (
            SELECT tenant_id, id, receiver, about, due_at FROM outbox
            WHERE state = 'waiting' AND patient = of_lane AND due_at > now() + {HELD} / 2
            ORDER BY due_at LIMIT :most) AS lane
    )"""  # noqa: S608  (only our own words)
# What is said meanwhile about a thing of which something is held waits behind that.
HOLD = text(f"""{HELD_ROWS}, said AS MATERIALIZED (
        SELECT o.tenant_id, o.id, o.receiver, o.about, s.held,
               max(CASE WHEN s.held THEN o.due_at ELSE o.created_at + {HELD} END)
                   OVER (PARTITION BY o.tenant_id, o.receiver, o.about ORDER BY o.seq, o.id) AS key
        FROM (SELECT DISTINCT receiver, about FROM held) h
        JOIN outbox o ON o.receiver = h.receiver AND o.about = h.about AND o.state = 'waiting'
        CROSS JOIN LATERAL (SELECT o.due_at > now() + {HELD} / 2 AS held) AS s
    )
    UPDATE outbox o SET due_at = n.key FROM said n
    WHERE o.tenant_id = n.tenant_id AND o.id = n.id AND NOT n.held AND EXISTS (
        SELECT FROM said e
        WHERE e.receiver = n.receiver AND e.about = n.about AND e.tenant_id <> n.tenant_id
          AND e.held AND e.key < n.key)
""")  # noqa: S608  (only our own words)
LET_GO = text(f"""{HELD_ROWS}
    UPDATE outbox o SET due_at = now() FROM held h
    WHERE o.tenant_id = h.tenant_id AND o.id = h.id AND NOT EXISTS (
        SELECT FROM outbox e
        WHERE e.receiver = h.receiver AND e.about = h.about AND e.tenant_id <> h.tenant_id
          AND e.state = 'waiting' AND h.due_at >
              CASE WHEN e.due_at > now() + {HELD} / 2 THEN e.due_at ELSE e.created_at + {HELD} END)
""")  # noqa: S608  (only our own words)
MANY = {"most": 1000}
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


class ReplayRefused(BadRequest):
    code = "replay_refused"
    title = "A restored branch cannot be told again like this"


class Again(Struct, frozen=True):
    """What one branch tells the restored one again; ``gone`` is kept by nobody any more."""

    sender: int
    receiver: int
    again: int
    gone: int


class Plan(Struct, frozen=True):
    """What a replay does; of a branch elsewhere its own cell has to count on."""

    again: Sequence[Again]
    turned: Sequence[Turned]


async def plan(
    database: Database,
    branch: Tenant,
    since: datetime | None = None,
    above: Mapping[int, int] | None = None,
) -> Plan:
    """What is to be told again to a *branch* that was restored, and where its numbers turned back.

    A branch of another cell, whose watermarks are not here, needs *since*: the moment that it was
    restored to, or somewhat earlier. *above* is for :func:`replay`.

    Raises:
        ReplayRefused: *since* is missing, or one of the two is for the other kind of branch.
    """
    fits(branch, since, above)
    asked = text(PAIRS + AGAIN.format(unknown=unknown(branch)))
    async with public_work(database.carrier) as session:
        here = {"here": branch.cell is None}
        rows = (await session.execute(asked, of(branch, since) | here)).all()
        again = [Again(sender, branch.id, again, gone) for sender, again, gone in rows]
        known = await turned(session, branch)
    return Plan([one for one in again if one.again or one.gone], known)


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
    found = await plan(database, branch, since, above)
    numbers = {one.receiver: one.applied for one in found.turned} | dict(above or {})
    await write_down(database, branch, found, numbers, asker)
    async with public_work(database.carrier) as session:
        opened = text(PAIRS + OPEN.format(unknown=unknown(branch), held=HELD))
        await session.execute(opened, of(branch, since))
        await session.execute(HOLD, {"most": None})
        if branch.cell is None:
            await session.execute(text(PAIRS + CLOSE), {"branch": branch.id})
            await count_on(session, branch, numbers)
    return found


def fits(branch: Tenant, since: datetime | None, above: Mapping[int, int] | None) -> None:
    """Refuse what is not for a branch of this cell, or of another one."""
    if branch.cell is None:
        if since is not None:
            raise ReplayRefused("A moment is for branches of other cells; leave it out (--since).")
        return
    if since is None:
        raise ReplayRefused(f"It lives in {branch.cell}: say to when it was restored (--since).")
    if above:
        raise ReplayRefused(f"What others have applied is said in {branch.cell} (--above).")


async def let_go(database: Database) -> None:
    """Let what was held go when what others had said before it has arrived."""
    async with public_work(database.carrier) as session:
        await session.execute(HOLD, MANY)
        await session.execute(LET_GO, MANY)


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
        for missing in (one for one in found.turned if one.missed):
            at = unit_of_work(database.app, missing.receiver, asker, closed_too=True)
            async with at as session:
                note(session, "messages.missed", branch.code, f"{missing.missed} never arrived")
        again, gone = (sum(getattr(one, what) for one in found.again) for what in ("again", "gone"))
        told = f"{again} again, {gone} gone, {len(numbers)} receivers counted on"
        async with unit_of_work(database.app, branch.id, asker, closed_too=True) as session:
            note(session, "messages.restored", branch.code, told)


def unknown(branch: Tenant) -> str:
    return HERE if branch.cell is None else ELSEWHERE


def of(branch: Tenant, since: datetime | None) -> dict[str, object]:
    return {"branch": branch.id, **({} if branch.cell is None else {"since": since})}
