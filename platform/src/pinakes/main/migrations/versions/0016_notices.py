"""Notices to readers, their queue, readers' choices, and branches' webhooks."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from pinakes.main.migrations.tools import create_queue_table, create_tenant_table, owned
from pinakes.platform.db import index

revision = "0016_notices"
down_revision = "0015_meeting"


def upgrade() -> None:
    notices()
    choices()
    open_ones = sa.text("returned_at IS NULL")
    op.create_index("borrowed_due", "borrowed", ["tenant_id", "due_at"], postgresql_where=open_ones)


def notices() -> None:
    create_tenant_table(
        "notice",
        sa.Column("about", sa.Uuid, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("occasion", sa.Text, nullable=False),
        sa.Column("person_id", sa.Uuid, nullable=False),
        sa.Column("channel", sa.String(40), nullable=False),
        sa.Column("state", sa.String(40), nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("facts", JSONB, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False, server_default="0"),
        sa.Column("version", sa.Integer, nullable=False, server_default="0"),
        sa.Column("since", sa.DateTime(True), nullable=False, server_default=sa.func.now()),
        sa.Column("changed_at", sa.DateTime(True), nullable=False, server_default=sa.func.now()),
        reader(),
        index("about", "kind", "occasion", "person_id", "channel", unique=True),
        index("person_id"),
        index("state", where="state NOT IN ('sent', 'dismissed')"),
        index("changed_at"),
    )
    create_queue_table(
        "notice_due",
        *owned(),
        sa.Column("channel", sa.String(40), nullable=False),
        sa.Column("due_at", sa.DateTime(True), nullable=False, server_default=sa.func.now()),
        sa.Index("notice_due_channel", "channel", "due_at"),
    )


def choices() -> None:
    create_tenant_table(
        "notice_choice",
        sa.Column("person_id", sa.Uuid, nullable=False),
        sa.Column("wanted", sa.Boolean, nullable=False),
        sa.Column("language", sa.Text),
        reader(),
        index("person_id", unique=True),
    )
    create_tenant_table(
        "notice_hook",
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("secret", sa.Text, nullable=False),
        sa.Index("notice_hook_tenant_id", "tenant_id", unique=True),
    )


def reader() -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["tenant_id", "person_id"], ["reader.tenant_id", "reader.person_id"], ondelete="CASCADE"
    )
