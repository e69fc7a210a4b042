"""What a branch says of a title is written and read whole: as text, not taken apart."""

from alembic import op

revision = "0017_holding_fields"
down_revision = "0016_notices"


def upgrade() -> None:
    op.execute("""
        ALTER TABLE commons.holding
        ALTER COLUMN title_fields TYPE json USING CAST(title_fields AS json)
    """)
