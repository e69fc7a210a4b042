"""What met whom stands with each holding, and what editions are known by in their marks."""

from alembic import op

revision = "0024_editions"
down_revision = "0023_addresses"


def upgrade() -> None:
    op.drop_column("edition", "key", schema="commons")
    op.drop_column("edition", "rule", schema="commons")
