"""What an import wrote and what stood there before, so that all of it can be taken back."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from pinakes.main.migrations.tools import create_tenant_table
from pinakes.platform.db import index, link

revision = "0010_imports"
down_revision = "0008_loans"


# Records of one or two kilobytes stay as they are: squeezing them saved a twelfth of the room and
# took more than half of PostgreSQL's time in an import.
AS_THEY_CAME = "ALTER TABLE record SET (toast_tuple_target = 8160)"


def upgrade() -> None:
    op.execute(AS_THEY_CAME)
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
