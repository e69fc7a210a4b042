"""Items and loans. An item is on at most one open loan."""

import sqlalchemy as sa

from pinakes.main.migrations.tools import create_tenant_table, script
from pinakes.platform.db import index, link

revision = "0006_circulation"
down_revision = "0005_catalogue"

# The owner's function `borrower_standing` asks whether the asking branch lends to this person.
LOOKUP = """
CREATE POLICY lookup ON loan FOR SELECT TO CURRENT_USER
    USING (tenant_id = (SELECT pinakes_tenant()))
"""


def upgrade() -> None:
    create_tenant_table(
        "item",
        sa.Column("record_id", sa.Uuid, nullable=False),
        sa.Column("barcode", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("status", sa.String(40), nullable=False),
        sa.Column("call_number", sa.Text, nullable=False),
        sa.Column("location", sa.Text),
        sa.Column("copy", sa.Text),
        sa.Column("price", sa.Text),
        sa.Column("version", sa.Integer, nullable=False, server_default="1"),
        link("record_id", "record"),
        index("barcode", unique=True),
        index("record_id"),
    )
    create_tenant_table(
        "loan",
        sa.Column("item_id", sa.Uuid, nullable=False),
        sa.Column("barcode", sa.Text, nullable=False),
        sa.Column("item_kind", sa.Text, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("person_id", sa.Uuid),
        sa.Column("home_id", sa.Integer, nullable=False),
        sa.Column("reader_kind", sa.Text, nullable=False),
        sa.Column("lent_at", sa.DateTime(True), nullable=False),
        sa.Column("due_at", sa.DateTime(True), nullable=False),
        sa.Column("renewals", sa.Integer, nullable=False, server_default="0"),
        sa.Column("returned_at", sa.DateTime(True)),
        sa.Column("outcome", sa.Text),
        link("item_id", "item"),
        index("item_id", "returned_at"),
        sa.Index(
            "loan_open", "tenant_id", "item_id", unique=True,
            postgresql_where=sa.text("returned_at IS NULL"),
        ),
        index("person_id"),
        sa.Index(
            "loan_to_cut", "tenant_id", "returned_at",
            postgresql_where=sa.text("person_id IS NOT NULL AND returned_at IS NOT NULL"),
        ),
    )  # fmt: skip
    script(LOOKUP)
