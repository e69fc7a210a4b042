"""Messages about one thing travel together: claimed, applied and acknowledged as one run."""

from pinakes.main.migrations.tools import script

revision = "0009_runs"
down_revision = "0008_loans"

FUNCTIONS = """
-- Numbers new messages per pair, then leases what is due: the first message of every thing,
-- then those behind it as far as none is dead or put off.
CREATE OR REPLACE FUNCTION outbox_claim(most integer)
RETURNS TABLE (id uuid, sender integer, receiver integer, seq bigint, about uuid, kind text,
               version integer, actor text, role text, created_at timestamptz, body jsonb)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
    IF pg_try_advisory_xact_lock(20261121) THEN
        WITH fresh AS (
            SELECT tenant_id, id, receiver,
                   row_number() OVER (PARTITION BY tenant_id, receiver ORDER BY id) AS place
            FROM outbox WHERE seq IS NULL ORDER BY id LIMIT 1000
        ), counted AS (
            INSERT INTO outbox_sequence AS s (tenant_id, receiver, last)
            SELECT tenant_id, receiver, max(place) FROM fresh GROUP BY 1, 2
            ON CONFLICT (tenant_id, receiver) DO UPDATE SET last = s.last + excluded.last
            RETURNING tenant_id, receiver, last
        ), pairs AS (
            SELECT tenant_id, receiver, max(place) AS many FROM fresh GROUP BY 1, 2
        )
        UPDATE outbox o SET seq = c.last - p.many + f.place
        FROM fresh f JOIN counted c USING (tenant_id, receiver)
                     JOIN pairs p USING (tenant_id, receiver)
        WHERE o.tenant_id = f.tenant_id AND o.id = f.id;
    END IF;
    RETURN QUERY
    WITH heads AS MATERIALIZED (
        SELECT o.tenant_id, o.receiver, o.about FROM outbox o
        WHERE o.state = 'waiting' AND o.seq IS NOT NULL AND o.due_at <= clock_timestamp()
          AND NOT EXISTS (
              SELECT FROM outbox e
              WHERE e.tenant_id = o.tenant_id AND e.receiver = o.receiver
                AND e.about = o.about AND e.seq < o.seq AND e.state <> 'sent')
        ORDER BY o.due_at LIMIT most FOR UPDATE OF o SKIP LOCKED
    ), due AS MATERIALIZED (
        SELECT run.tenant_id, run.id FROM heads h CROSS JOIN LATERAL (
            SELECT o.tenant_id, o.id, row_number() OVER (ORDER BY o.seq) AS place,
                   bool_and(o.state = 'waiting' AND o.due_at <= clock_timestamp())
                       OVER (ORDER BY o.seq) AS ready
            FROM outbox o
            WHERE o.tenant_id = h.tenant_id AND o.receiver = h.receiver AND o.about = h.about
              AND o.state <> 'sent' AND o.seq IS NOT NULL
            ORDER BY o.seq LIMIT most) run
        WHERE run.ready ORDER BY run.place LIMIT most
    )
    UPDATE outbox o SET due_at = clock_timestamp() + interval '10 seconds'
    FROM due d WHERE o.tenant_id = d.tenant_id AND o.id = d.id
    RETURNING o.id, o.tenant_id, o.receiver, o.seq, o.about, o.kind, o.version, o.actor, o.role,
              o.created_at, o.body;
END $$;

DROP FUNCTION inbox_take(integer, bigint);

-- Which of these the receiver has not applied before.
-- FOR SHARE: a sweep may not move the watermark between our look and our entry.
CREATE FUNCTION inbox_take(from_tenant integer, numbers bigint[]) RETURNS SETOF bigint
LANGUAGE plpgsql AS $$
DECLARE mark bigint;
BEGIN
    INSERT INTO inbox (sender) SELECT from_tenant
    WHERE NOT EXISTS (SELECT FROM inbox WHERE tenant_id = pinakes_tenant()
                      AND sender = from_tenant)
    ON CONFLICT DO NOTHING;
    SELECT upto INTO mark FROM inbox
    WHERE tenant_id = pinakes_tenant() AND sender = from_tenant FOR SHARE;
    RETURN QUERY
    INSERT INTO inbox_ahead (sender, seq)
    SELECT from_tenant, number FROM unnest(numbers) AS number WHERE number > mark
    ON CONFLICT DO NOTHING RETURNING seq;
END $$;
"""


def upgrade() -> None:
    script(FUNCTIONS)
