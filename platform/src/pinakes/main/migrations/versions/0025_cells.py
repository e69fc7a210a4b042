"""Branches may live in other cells; what is for them leaves as signed mail."""

import sqlalchemy as sa
from alembic import op

from pinakes.main.migrations.tools import create_public_table

revision = "0025_cells"
down_revision = "0022_mistakes"


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
