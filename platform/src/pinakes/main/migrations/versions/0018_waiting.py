"""Readers may wait for one item; a book that was given back elsewhere says why it goes where."""

import sqlalchemy as sa
from alembic import op

revision = "0018_waiting"
down_revision = "0017_holding_fields"


def upgrade() -> None:
    op.add_column("arrival", sa.Column("rule", sa.Text))  # why a book goes where it goes
    op.add_column("request", sa.Column("item_id", sa.Uuid))
    op.add_column("wanted", sa.Column("item_id", sa.Uuid), schema="commons")
    op.create_index(
        "wanted_item",
        "wanted",
        ["item_id"],
        schema="commons",
        postgresql_where=sa.text("item_id IS NOT NULL"),
    )
