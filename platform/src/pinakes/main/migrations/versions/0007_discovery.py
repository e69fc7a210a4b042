"""The public catalogue: editions, who holds them, and which of them the search index must see."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from pinakes.main.migrations.tools import create_public_table

revision = "0007_discovery"
down_revision = "0006_circulation"


def upgrade() -> None:
    create_public_table(
        "edition",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("consortium_id", sa.Integer, nullable=False),
    )
    create_public_table(
        "holding",
        sa.Column("tenant_id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("record_id", sa.Uuid, primary_key=True),
        sa.Column("edition_id", sa.Uuid, sa.ForeignKey("commons.edition.id"), nullable=False),
        sa.Column("title_fields", sa.JSON, nullable=False),  # written and read whole
        sa.Column("call_numbers", ARRAY(sa.Text), nullable=False),
        sa.Column("items", sa.Integer, nullable=False),
        sa.Column("available", sa.Integer, nullable=False),
        sa.Column("rule", sa.Text, nullable=False, server_default="alone"),
        sa.Index("holding_edition", "edition_id", "tenant_id"),
    )
    create_public_table(
        "edition_changed",
        sa.Column("edition_id", sa.Uuid, primary_key=True),
        sa.Column("version", sa.BigInteger, nullable=False, server_default="1"),
    )
    create_public_table(
        "branch_shown",
        sa.Column("tenant_id", sa.Integer, primary_key=True, autoincrement=False),
    )
