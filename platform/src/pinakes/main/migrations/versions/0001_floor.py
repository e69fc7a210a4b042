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
