"""The issuer counts wrong guesses by the address that they come from."""

import sqlalchemy as sa
from alembic import op

revision = "0023_addresses"
down_revision = "0022_mistakes"


def upgrade() -> None:
    op.create_table(
        "address",
        sa.Column("mark", sa.LargeBinary, primary_key=True),
        sa.Column("guesses", sa.Double, nullable=False),
        sa.Column(
            "guessed_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()
        ),
        schema="issuer",
        prefixes=["UNLOGGED"],
    )
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON issuer.address TO pinakes_issuer")
