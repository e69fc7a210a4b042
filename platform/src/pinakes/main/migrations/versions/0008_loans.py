"""What a home branch's readers have borrowed, anywhere: "my loans"."""

import sqlalchemy as sa

from pinakes.main.migrations.tools import create_tenant_table
from pinakes.platform.db import index

revision = "0008_loans"
down_revision = "0007_discovery"


def upgrade() -> None:
    create_tenant_table(
        "borrowed",
        sa.Column("lender_id", sa.Integer, nullable=False),
        sa.Column("person_id", sa.Uuid, nullable=False),
        sa.Column("barcode", sa.Text, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("lent_at", sa.DateTime(True), nullable=False),
        sa.Column("due_at", sa.DateTime(True), nullable=False),
        sa.Column("renewals", sa.Integer, nullable=False),
        sa.Column("returned_at", sa.DateTime(True)),
        sa.Column("outcome", sa.Text),
        sa.Column("as_of", sa.DateTime(True), nullable=False),
        index("person_id"),
        sa.Index(
            "borrowed_to_cut", "tenant_id", "returned_at",
            postgresql_where=sa.text("returned_at IS NOT NULL"),
        ),
    )  # fmt: skip
