"""Who waits for a title is asked for no copy that would come too late."""

import sqlalchemy as sa
from alembic import op

revision = "0034_due"
down_revision = "0033_lost"


def upgrade() -> None:
    op.add_column("wanted", sa.Column("needed_by", sa.Date), schema="commons")
