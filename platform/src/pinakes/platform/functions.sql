-- The tenant that a transaction enters, the answers that are kept under keys, and the carrying of
-- messages between tenants.

DROP FUNCTION IF EXISTS outbox_claim, inbox_take, inbox_sweep, inbox_heard;

-- The stamp is the transaction's own now(): a value left on the connection opens nothing. A branch
-- that lives in another cell is not entered here: what was written would be lost.
CREATE OR REPLACE FUNCTION pinakes_enter(wanted integer, closed_too boolean DEFAULT false)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF pinakes_tenant() <> wanted THEN
        RAISE 'a transaction stays in its tenant' USING ERRCODE = 'PT500';
    END IF;
    PERFORM set_config('pinakes.tenant', concat(wanted, '@', extract(epoch FROM now())), true)
    FROM commons.tenant WHERE id = wanted AND cell IS NULL AND (closed_too OR state = 'active');
    IF FOUND THEN RETURN; END IF;
    IF EXISTS (SELECT FROM commons.tenant WHERE id = wanted AND cell IS NOT NULL) THEN
        RAISE 'the library lives in another cell' USING ERRCODE = 'PT421';
    END IF;
    RAISE 'the library is not active' USING ERRCODE = 'PT403';
END $$;

-- A UUID of version 7 that grows with time, also before PostgreSQL 18: milliseconds, then the parts
-- of one, so that whoever writes one thing after another finds them in that order.
CREATE OR REPLACE FUNCTION pinakes_id() RETURNS uuid LANGUAGE plpgsql VOLATILE AS $$
DECLARE micro bigint := extract(epoch FROM clock_timestamp()) * 1000000;
BEGIN
    RETURN encode(overlay(uuid_send(gen_random_uuid()) PLACING substr(int8send(micro / 1000), 3)
        || int2send((x'7000'::integer + micro % 1000 * 4096 / 1000)::smallint) FROM 1 FOR 8),
        'hex')::uuid;
END $$;

-- What was answered to the same key before; without a key, nothing.
CREATE OR REPLACE FUNCTION earlier_answer(tenant integer, given_key bytea)
RETURNS TABLE (status integer, body bytea, fingerprint bytea) LANGUAGE sql STABLE AS $$
    SELECT r.status, r.body, r.fingerprint FROM reply r
    WHERE r.tenant_id = tenant AND r.key = given_key
$$;

-- Numbers new messages per pair and leases them at once where nothing older about the same thing
-- is on its way; then leases what else is due: the first message of every thing, then those
-- behind it as far as none is dead or put off. Of one lane: nobody waits for the first message
-- (*patient*), or somebody does; of receivers that live here, or of those that live abroad.
-- A plan that was made while there were few messages would read all that there are: so each row is
-- looked up by itself (OFFSET 0, ctid, LIMIT), in the order of an index (SET), and by the one index
-- of what it is about ("+ 0" keeps the primary key from being taken for its tenant alone).
CREATE FUNCTION outbox_claim(most integer, of_lane boolean, abroad boolean)
RETURNS TABLE (id uuid, sender integer, receiver integer, seq bigint, about uuid, kind text,
               version integer, actor text, role text, created_at timestamptz, body jsonb)
LANGUAGE plpgsql SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off AS $$
#variable_conflict use_column
BEGIN
    IF NOT of_lane THEN -- what another claim numbers just now would not be seen for a second
        PERFORM pg_advisory_xact_lock(20261121);
    END IF;
    IF pg_try_advisory_xact_lock(20261121) THEN
        RETURN QUERY
        WITH fresh AS MATERIALIZED (
            SELECT at, tenant_id, receiver, about,
                   row_number() OVER (PARTITION BY tenant_id, receiver ORDER BY id) AS place,
                   first_value(patient) OVER run = of_lane
                       AND row_number() OVER (ORDER BY id) <= most
                       AND bool_and(due_at <= clock_timestamp()) OVER run AS fits
            FROM (SELECT ctid AS at, * FROM outbox WHERE seq IS NULL ORDER BY id LIMIT 1000) AS new
            WINDOW run AS (PARTITION BY tenant_id, receiver, about ORDER BY id)
        ), pairs AS MATERIALIZED (
            SELECT tenant_id, receiver, max(place) AS many FROM fresh GROUP BY 1, 2
        ), counted AS (
            INSERT INTO outbox_sequence AS s (tenant_id, receiver, last)
            SELECT tenant_id, receiver, many FROM pairs
            ON CONFLICT (tenant_id, receiver) DO UPDATE SET last = s.last + excluded.last
            RETURNING tenant_id, receiver, last
        ), numbered AS MATERIALIZED (
            SELECT f.at, c.last - p.many + f.place AS number, f.fits
                   AND abroad = EXISTS (SELECT FROM commons.tenant t
                                        WHERE t.id = f.receiver AND t.cell IS NOT NULL)
                   AND NOT EXISTS (
                       SELECT FROM outbox e
                       WHERE e.tenant_id + 0 = f.tenant_id AND e.receiver = f.receiver
                         AND e.about = f.about AND e.seq IS NOT NULL AND e.state <> 'sent'
                       OFFSET 0) AS ours
            FROM fresh f JOIN counted c USING (tenant_id, receiver)
                         JOIN pairs p USING (tenant_id, receiver)
        ), leased AS (
            UPDATE outbox o SET seq = n.number, due_at = CASE
                WHEN n.ours THEN clock_timestamp() + interval '10 seconds' ELSE o.due_at END
            FROM numbered n WHERE o.ctid = n.at
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
              WHERE e.tenant_id + 0 = o.tenant_id AND e.receiver = o.receiver
                AND e.about = o.about AND e.seq < o.seq AND e.state <> 'sent'
              OFFSET 0)
        ORDER BY o.due_at LIMIT most FOR UPDATE OF o SKIP LOCKED
    ), due AS MATERIALIZED (
        SELECT run.at FROM heads h CROSS JOIN LATERAL (
            SELECT o.ctid AS at, row_number() OVER (ORDER BY o.seq) AS place,
                   bool_and(o.state = 'waiting' AND o.due_at <= clock_timestamp())
                       OVER (ORDER BY o.seq) AS ready
            FROM outbox o
            WHERE o.tenant_id + 0 = h.tenant_id AND o.receiver = h.receiver
              AND o.about = h.about AND o.state <> 'sent' AND o.seq IS NOT NULL
            ORDER BY o.seq LIMIT most) run
        WHERE run.ready ORDER BY run.place LIMIT most
    )
    UPDATE outbox o SET due_at = clock_timestamp() + interval '10 seconds'
    FROM due d WHERE o.ctid = d.at
    RETURNING o.id, o.tenant_id, o.receiver, o.seq, o.about, o.kind, o.version, o.actor, o.role,
              o.created_at, o.body;
END $$;

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

-- Of a sender of this cell, until when all of that was applied is kept, too (turned.py).
CREATE FUNCTION inbox_sweep() RETURNS void LANGUAGE plpgsql AS $$
DECLARE mark record; reached bigint;
BEGIN
    FOR mark IN SELECT tenant_id, sender, upto FROM inbox i
                WHERE EXISTS (SELECT FROM inbox_ahead a WHERE a.tenant_id = i.tenant_id
                              AND a.sender = i.sender AND a.seq = i.upto + 1)
                FOR UPDATE SKIP LOCKED LOOP
        SELECT max(seq) INTO reached FROM (
            SELECT seq, seq - row_number() OVER (ORDER BY seq) AS run FROM inbox_ahead
            WHERE tenant_id = mark.tenant_id AND sender = mark.sender) AS ahead
        WHERE run = mark.upto;
        UPDATE inbox SET upto = reached, newest = CASE
            WHEN EXISTS (SELECT FROM commons.tenant t WHERE t.id = mark.sender AND t.cell IS NULL)
            THEN clock_timestamp() ELSE newest END
        WHERE tenant_id = mark.tenant_id AND sender = mark.sender;
        DELETE FROM inbox_ahead
        WHERE tenant_id = mark.tenant_id AND sender = mark.sender AND seq <= reached;
    END LOOP;
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
