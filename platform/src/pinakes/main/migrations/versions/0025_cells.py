"""Branches may live in other cells; what is for them leaves as signed mail."""

import sqlalchemy as sa
from alembic import op

from pinakes.main.migrations.tools import create_public_table, script

revision = "0025_cells"
down_revision = "0024_editions"

FUNCTIONS = """
-- A branch that lives elsewhere is not entered here: what were written would be lost.
CREATE OR REPLACE FUNCTION pinakes_enter(wanted integer, closed_too boolean DEFAULT false)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF pinakes_tenant() <> wanted THEN
        RAISE 'a transaction stays in its tenant' USING ERRCODE = 'PT500';
    END IF;
    IF NOT EXISTS (SELECT FROM commons.tenant WHERE id = wanted AND cell IS NULL
                   AND (closed_too OR state = 'active')) THEN
        IF EXISTS (SELECT FROM commons.tenant WHERE id = wanted AND cell IS NOT NULL) THEN
            RAISE 'the library lives in another cell' USING ERRCODE = 'PT421';
        END IF;
        RAISE 'the library is not active' USING ERRCODE = 'PT403';
    END IF;
    PERFORM set_config('pinakes.tenant',
                       concat(wanted, '@', extract(epoch FROM now())), true);
END $$;

DROP FUNCTION outbox_claim(integer);

-- Numbers new messages per pair, then leases what is due, of receivers that live here or of those
-- that live abroad: the first message of every thing, then those behind it as far as none is
-- dead or put off.
CREATE FUNCTION outbox_claim(most integer, abroad boolean DEFAULT false)
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
"""


def upgrade() -> None:
    create_public_table(
        "cell",
        sa.Column("code", sa.Text, primary_key=True),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("key", sa.LargeBinary, nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True)),
    )
    op.add_column(
        "tenant",
        sa.Column("cell", sa.Text, sa.ForeignKey("commons.cell.code")),
        schema="commons",
    )
    op.add_column(
        "tenant",
        sa.Column("epoch", sa.Integer, nullable=False, server_default="1"),
        schema="commons",
    )
    op.create_index(
        "tenant_elsewhere",
        "tenant",
        ["id"],
        schema="commons",
        postgresql_where=sa.text("cell IS NOT NULL"),
    )
    op.drop_column("placement", "epoch")
    script(FUNCTIONS)
