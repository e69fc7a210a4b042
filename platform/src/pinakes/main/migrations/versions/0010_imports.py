"""What an import wrote and what stood there before, so that all of it can be taken back."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from pinakes.main.migrations.tools import create_tenant_table
from pinakes.platform.db import index, link

revision = "0010_imports"
down_revision = "0009_runs"


def upgrade() -> None:
    for table in ("record", "authority", "item"):
        op.add_column(table, sa.Column("import_id", sa.Uuid))
    create_tenant_table(
        "former",
        sa.Column("job_id", sa.Uuid, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("row_id", sa.Uuid, nullable=False),
        sa.Column("was", JSONB, nullable=False),
        link("job_id", "job"),
        index("job_id", "row_id", unique=True),
    )
    create_tenant_table(
        "undo_kept",
        sa.Column("job_id", sa.Uuid, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("row_id", sa.Uuid, nullable=False),
        sa.Column("known_as", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        link("job_id", "job"),
        index("job_id", "row_id", unique=True),
    )
