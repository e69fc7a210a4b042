"""What nobody stands waiting for gives way to other messages; one call takes and applies many."""

from pinakes.main.migrations.tools import script

revision = "0026_lanes"
down_revision = "0025_cells"

FUNCTIONS = """
ALTER TABLE outbox ADD COLUMN patient boolean GENERATED ALWAYS AS (
    kind IN ('ItemsChanged', 'RecordsChanged', 'SupplyMoved', 'CopyFree', 'WaitChanged')) STORED;
DROP INDEX outbox_open;
CREATE INDEX outbox_open ON outbox (patient, due_at) WHERE state = 'waiting';

-- Numbers new messages per pair and leases them at once where nothing older about the same thing
-- is on its way; then leases what else is due: the first message of every thing, then those
-- behind it as far as none is dead or put off. Of one lane: nobody waits for the first message
-- (*patient*), or somebody does; of receivers that live here, or of those that live abroad.
DROP FUNCTION outbox_claim(integer, boolean);
CREATE FUNCTION outbox_claim(most integer, of_lane boolean, abroad boolean)
RETURNS TABLE (id uuid, sender integer, receiver integer, seq bigint, about uuid, kind text,
               version integer, actor text, role text, created_at timestamptz, body jsonb)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
    IF pg_try_advisory_xact_lock(20261121) THEN
        RETURN QUERY
        WITH fresh AS MATERIALIZED (
            SELECT tenant_id, id, receiver, about,
                   row_number() OVER (PARTITION BY tenant_id, receiver ORDER BY id) AS place,
                   first_value(patient) OVER run = of_lane
                       AND row_number() OVER (ORDER BY id) <= most
                       AND bool_and(due_at <= clock_timestamp()) OVER run AS fits
            FROM outbox WHERE seq IS NULL
            WINDOW run AS (PARTITION BY tenant_id, receiver, about ORDER BY id)
            ORDER BY id LIMIT 1000
        ), pairs AS MATERIALIZED (
            SELECT tenant_id, receiver, max(place) AS many FROM fresh GROUP BY 1, 2
        ), counted AS (
            INSERT INTO outbox_sequence AS s (tenant_id, receiver, last)
            SELECT tenant_id, receiver, many FROM pairs
            ON CONFLICT (tenant_id, receiver) DO UPDATE SET last = s.last + excluded.last
            RETURNING tenant_id, receiver, last
        ), numbered AS MATERIALIZED ( -- first, then each row by its key: most rows are sent ones
            SELECT f.tenant_id, f.id, c.last - p.many + f.place AS number, f.fits
                   AND abroad = EXISTS (SELECT FROM commons.tenant t
                                        WHERE t.id = f.receiver AND t.cell IS NOT NULL)
                   AND NOT EXISTS (
                       SELECT FROM outbox e
                       WHERE e.tenant_id = f.tenant_id AND e.receiver = f.receiver
                         AND e.about = f.about AND e.seq IS NOT NULL AND e.state <> 'sent') AS ours
            FROM fresh f JOIN counted c USING (tenant_id, receiver)
                         JOIN pairs p USING (tenant_id, receiver)
        ), leased AS (
            UPDATE outbox o SET seq = n.number, due_at = CASE
                WHEN n.ours THEN clock_timestamp() + interval '10 seconds' ELSE o.due_at END
            FROM numbered n WHERE o.tenant_id = n.tenant_id AND o.id = n.id
            RETURNING o.*, n.ours
        )
        SELECT l.id, l.tenant_id, l.receiver, l.seq, l.about, l.kind, l.version, l.actor, l.role,
               l.created_at, l.body FROM leased l WHERE l.ours;
    END IF;
    RETURN QUERY
    WITH heads AS MATERIALIZED (
        SELECT o.tenant_id, o.receiver, o.about FROM outbox o
        WHERE o.state = 'waiting' AND o.patient = of_lane AND o.seq IS NOT NULL
          AND o.due_at <= clock_timestamp()
          AND abroad = EXISTS (SELECT FROM commons.tenant t
                               WHERE t.id = o.receiver AND t.cell IS NOT NULL)
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

-- Takes these messages for a tenant, inside the call that acts on them; "changed" (PT409) when
-- one of them has been applied before.
CREATE FUNCTION inbox_heard(this_tenant integer, senders integer[], numbers text[]) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    known integer;
    many CONSTANT integer := (SELECT sum(cardinality(n::bigint[])) FROM unnest(numbers) AS n);
BEGIN
    PERFORM pinakes_enter(this_tenant, true);
    SELECT count(*) INTO known FROM unnest(senders, numbers) AS m (sender, listed)
    CROSS JOIN LATERAL inbox_take(m.sender, m.listed::bigint[]);
    IF known < many THEN RAISE 'changed' USING ERRCODE = 'PT409'; END IF;
END $$;
"""


def upgrade() -> None:
    script(FUNCTIONS)
