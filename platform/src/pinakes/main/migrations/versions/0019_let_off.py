"""The issuer counts the wrong guesses that it takes back."""

import sqlalchemy as sa
from alembic import op

revision = "0019_let_off"
down_revision = "0018_waiting"


def upgrade() -> None:
    count = sa.Column("let_off", sa.Integer, nullable=False, server_default="0")
    op.add_column("account", count, schema="issuer")
