"""Records out of stock, pieces that were mended, and titles that may be the same."""

import sqlalchemy as sa
from alembic import op

from pinakes.main.migrations.tools import create_tenant_table
from pinakes.platform.db import index

revision = "0013_cataloguing"
down_revision = "0012_holds"


def upgrade() -> None:
    withdrawn = sa.Column("withdrawn", sa.Boolean, nullable=False, server_default=sa.false())
    op.add_column("record", withdrawn)
    op.add_column("quarantine", sa.Column("mended_at", sa.DateTime(True)))
    op.add_column("quarantine", sa.Column("became", sa.Uuid))
    op.add_column("quarantine", sa.Column("discarded_at", sa.DateTime(True)))
    create_tenant_table(  # points at records without holding them: an undo may take one away
        "twin",
        sa.Column("first_id", sa.Uuid, nullable=False),
        sa.Column("second_id", sa.Uuid, nullable=False),
        sa.Column("rule", sa.Text, nullable=False),
        sa.Column("verdict", sa.String(40), nullable=False, server_default="open"),
        sa.Column("decided_at", sa.DateTime(True)),
        index("first_id", "second_id", unique=True),
        index("second_id"),
    )
