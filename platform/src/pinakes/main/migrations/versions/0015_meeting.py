"""What records of several branches are met by, and where people have put them instead."""

import sqlalchemy as sa

from pinakes.main.migrations.tools import create_public_table, create_tenant_table

revision = "0015_meeting"
down_revision = "0014_lending"


def upgrade() -> None:
    create_public_table(
        "edition_mark",
        sa.Column("consortium_id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("edition_id", sa.Uuid, sa.ForeignKey("commons.edition.id"), nullable=False),
        sa.Column("numbered", sa.Boolean, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
    )
    create_tenant_table(
        "edition_choice",
        sa.Column("record_key", sa.Text, nullable=False),
        sa.Column("edition_id", sa.Uuid, nullable=False),
        sa.Column("verdict", sa.Text, nullable=False),
        sa.Index("edition_choice_tenant_id_record_key", "tenant_id", "record_key", unique=True),
    )
