"""The tenant a transaction has entered, and the messages between tenants."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from pinakes.main.migrations.tools import (
    APPLICATION,
    CARRIER,
    PUBLIC,
    create_queue_table,
    create_tenant_table,
    owned,
    script,
)
from pinakes.platform.db import index

revision = "0001_floor"
down_revision = None

TENANT_FUNCTIONS = f"""
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
CREATE SCHEMA commons;
GRANT USAGE ON SCHEMA commons TO {APPLICATION}, {CARRIER}, {PUBLIC};

-- One expression without a FROM, so that PostgreSQL puts it into every policy as it stands.
CREATE FUNCTION pinakes_tenant() RETURNS integer LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN split_part(current_setting('pinakes.tenant', true), '@', 2)
                     = extract(epoch FROM now())::text
                THEN split_part(current_setting('pinakes.tenant', true), '@', 1)::integer END
$$;

-- The stamp is the transaction's own now(): a value left on the connection opens nothing.
CREATE FUNCTION pinakes_enter(wanted integer, closed_too boolean DEFAULT false)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF pinakes_tenant() <> wanted THEN
        RAISE 'a transaction stays in its tenant' USING ERRCODE = 'PT500';
    END IF;
    PERFORM set_config('pinakes.tenant', concat(wanted, '@', extract(epoch FROM now())), true)
    FROM commons.tenant WHERE id = wanted AND (closed_too OR state = 'active');
    IF NOT FOUND THEN
        RAISE 'the library is not active' USING ERRCODE = 'PT403';
    END IF;
END $$;
"""

MESSAGE_FUNCTIONS = """
-- Numbers new messages per pair, then leases what is due: one message per thing at a time.
CREATE FUNCTION outbox_claim(most integer)
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
    WITH due AS MATERIALIZED (
        SELECT o.tenant_id, o.id FROM outbox o
        WHERE o.state = 'waiting' AND o.seq IS NOT NULL AND o.due_at <= clock_timestamp()
          AND NOT EXISTS (
              SELECT FROM outbox e
              WHERE e.tenant_id = o.tenant_id AND e.receiver = o.receiver
                AND e.about = o.about AND e.seq < o.seq AND e.state <> 'sent')
        ORDER BY o.due_at LIMIT most FOR UPDATE OF o SKIP LOCKED
    )
    UPDATE outbox o SET due_at = clock_timestamp() + interval '10 seconds'
    FROM due d WHERE o.tenant_id = d.tenant_id AND o.id = d.id
    RETURNING o.id, o.tenant_id, o.receiver, o.seq, o.about, o.kind, o.version, o.actor, o.role,
              o.created_at, o.body;
END $$;

-- FOR SHARE: a sweep may not move the watermark between our look and our entry.
CREATE FUNCTION inbox_take(from_tenant integer, number bigint) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE mark bigint;
BEGIN
    INSERT INTO inbox (sender) SELECT from_tenant
    WHERE NOT EXISTS (SELECT FROM inbox WHERE tenant_id = pinakes_tenant()
                      AND sender = from_tenant)
    ON CONFLICT DO NOTHING;
    SELECT upto INTO mark FROM inbox
    WHERE tenant_id = pinakes_tenant() AND sender = from_tenant FOR SHARE;
    IF number <= mark THEN RETURN false; END IF;
    INSERT INTO inbox_ahead (sender, seq) VALUES (from_tenant, number) ON CONFLICT DO NOTHING;
    RETURN FOUND;
END $$;

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
        UPDATE inbox SET upto = reached
        WHERE tenant_id = mark.tenant_id AND sender = mark.sender;
        DELETE FROM inbox_ahead
        WHERE tenant_id = mark.tenant_id AND sender = mark.sender AND seq <= reached;
    END LOOP;
END $$;
"""


def upgrade() -> None:
    script(TENANT_FUNCTIONS)
    create_queue_table(
        "outbox",
        *owned(),
        sa.Column(
            "receiver", sa.Integer, nullable=False, server_default=sa.text("pinakes_tenant()")
        ),
        sa.Column("seq", sa.BigInteger),
        sa.Column("about", sa.Uuid, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False, server_default="1"),
        sa.Column("actor", sa.Text),
        sa.Column("role", sa.Text),
        sa.Column("body", JSONB, nullable=False),
        sa.Column("state", sa.Text, nullable=False, server_default="waiting"),
        sa.Column("tries", sa.Integer, nullable=False, server_default="0"),
        sa.Column("due_at", sa.DateTime(True), nullable=False, server_default=sa.func.now()),
        sa.Column("sent_at", sa.DateTime(True)),
        sa.Column("failure", sa.Text),
        sa.Index("outbox_new", "id", postgresql_where=sa.text("seq IS NULL")),
        sa.Index("outbox_open", "due_at", postgresql_where=sa.text("state = 'waiting'")),
        sa.Index(
            "outbox_about",
            "tenant_id", "receiver", "about", "seq",
            postgresql_where=sa.text("state <> 'sent'"),
        ),
        sa.Index("outbox_sent", "sent_at", postgresql_where=sa.text("state = 'sent'")),
    )  # fmt: skip
    create_queue_table("outbox_sequence", *pair("receiver"), number("last"))
    create_queue_table("inbox", *pair("sender"), number("upto", server_default="0"))
    create_queue_table("inbox_ahead", *pair("sender"), number("seq", primary_key=True))
    script(MESSAGE_FUNCTIONS)
    create_tenant_table(
        "reply",
        sa.Column("key", sa.LargeBinary, nullable=False),
        sa.Column("fingerprint", sa.LargeBinary, nullable=False),
        sa.Column("status", sa.SmallInteger, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        index("key", unique=True),
        sa.Index("reply_created_at", "created_at"),
    )
    op.execute(f"GRANT SELECT (created_at), DELETE ON reply TO {CARRIER}")
    op.execute(f"CREATE POLICY sweep ON reply FOR DELETE TO {CARRIER} USING (true)")
    op.execute(f"CREATE POLICY look ON reply FOR SELECT TO {CARRIER} USING (true)")
    create_tenant_table(
        "audit",
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("operation", sa.Text, nullable=False),
        sa.Column("subject", sa.Text),
        sa.Column("result", sa.Text, nullable=False),
        sa.Column("request", sa.Text),
        index("subject", "created_at"),
    )
    create_tenant_table("job", *job_columns())
    create_queue_table(
        "job_due",
        *owned(),
        sa.Column("due_at", sa.DateTime(True), nullable=False, server_default=sa.func.now()),
        sa.Column("tries", sa.Integer, nullable=False, server_default="0"),
        sa.Index("job_due_due_at", "due_at"),
    )


def job_columns() -> tuple[sa.Column[Any], ...]:
    jsonb = JSONB
    return (
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("state", sa.String(40), nullable=False),
        sa.Column("args", jsonb, nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False, server_default="0"),
        sa.Column("done", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("total", sa.BigInteger),
        sa.Column("memo", jsonb),
        sa.Column("report", jsonb),
        sa.Column("failure", sa.Text),
        sa.Column("cancel_asked", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("heartbeat", sa.DateTime(True)),
        sa.Column("actor", sa.Text),
        sa.Column("role", sa.Text),
    )


def pair(other: str) -> tuple[sa.Column[int], sa.Column[int]]:
    mine = sa.text("pinakes_tenant()")
    return (
        sa.Column(
            "tenant_id", sa.Integer, primary_key=True, autoincrement=False, server_default=mine
        ),
        sa.Column(other, sa.Integer, primary_key=True, autoincrement=False),
    )


def number(
    name: str, *, primary_key: bool = False, server_default: str | None = None
) -> sa.Column[int]:
    return sa.Column(
        name,
        sa.BigInteger,
        primary_key=primary_key,
        autoincrement=False,
        nullable=False,
        server_default=server_default,
    )
