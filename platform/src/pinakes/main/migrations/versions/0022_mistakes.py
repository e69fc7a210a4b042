"""Mistakes in records that readers have reported."""

import sqlalchemy as sa

from pinakes.main.migrations.tools import create_tenant_table
from pinakes.platform.db import index

revision = "0022_mistakes"
down_revision = "0016_notices"


def upgrade() -> None:
    create_tenant_table(
        "mistake",
        sa.Column("record_id", sa.Uuid, nullable=False),
        sa.Column("words", sa.Text, nullable=False),
        sa.Column("person_id", sa.Uuid),
        sa.Column("home_id", sa.Integer),
        sa.Column("state", sa.String(40), nullable=False, server_default="open"),
        sa.Column("answer", sa.Text, nullable=False, server_default=""),
        sa.Column("answered_at", sa.DateTime(True)),
        index("state"),
        index("person_id", where="person_id IS NOT NULL"),
    )
