"""What met whom stands with each holding, and what editions are known by in their marks."""

from alembic import op

revision = "0023_editions"
down_revision = "0022_addresses"


def upgrade() -> None:
    op.drop_column("edition", "key", schema="commons")
    op.drop_column("edition", "rule", schema="commons")
