"""What a trial would have written is known to its next portions."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from pinakes.main.migrations.tools import create_tenant_table
from pinakes.platform.db import index, link

revision = "0037_tried"
down_revision = "0036_astray"


def upgrade() -> None:
    create_tenant_table(
        "tried",
        sa.Column("job_id", sa.Uuid, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("was", JSONB, nullable=False),
        sa.Column("repairs", JSONB, nullable=False),
        link("job_id", "job"),
        index("job_id", "kind", "key", unique=True),
    )
