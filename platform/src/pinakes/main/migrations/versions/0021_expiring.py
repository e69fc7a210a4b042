"""Uploaded files have their time; what is known of them stays."""

import sqlalchemy as sa
from alembic import op

revision = "0021_expiring"
down_revision = "0020_browsers"


def upgrade() -> None:
    op.add_column("upload", sa.Column("gone_at", sa.DateTime(timezone=True)))
