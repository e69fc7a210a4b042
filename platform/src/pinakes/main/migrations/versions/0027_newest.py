"""What a restored sender of another cell says anew is told from what it had said."""

import sqlalchemy as sa
from alembic import op

revision = "0027_newest"
down_revision = "0026_lanes"


def upgrade() -> None:
    op.add_column("inbox", sa.Column("newest", sa.DateTime(timezone=True)))
