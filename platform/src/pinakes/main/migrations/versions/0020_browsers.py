"""The issuer knows by which browsers people have come in."""

import sqlalchemy as sa
from alembic import op

revision = "0020_browsers"
down_revision = "0019_let_off"


def upgrade() -> None:
    op.create_table(
        "browser",
        sa.Column("mark", sa.LargeBinary, primary_key=True),
        sa.Column("account", sa.Uuid, primary_key=True),
        sa.Column("failures", sa.Integer, nullable=False, server_default="0"),
        sa.Column("failed_at", sa.DateTime(timezone=True)),
        sa.Column("locked_until", sa.DateTime(timezone=True)),
        sa.Column(
            "seen_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()
        ),
        sa.ForeignKeyConstraint(["account"], ["issuer.account.id"], ondelete="CASCADE"),
        schema="issuer",
    )
    op.create_index("browser_account", "browser", ["account"], schema="issuer")
    op.create_index("browser_seen", "browser", ["seen_at"], schema="issuer")
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON issuer.browser TO pinakes_issuer")
