"""The registry: consortia and the tree of their branches."""

import sqlalchemy as sa
from alembic import op

from pinakes.main.migrations.tools import PUBLIC, create_public_table

revision = "0002_registry"
down_revision = "0001_floor"


def upgrade() -> None:
    create_public_table(
        "consortium",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("code", sa.Text, nullable=False, unique=True),
        sa.Column("name_zh", sa.Text, nullable=False),
        sa.Column("name_en", sa.Text, nullable=False),
    )
    op.execute("CREATE SEQUENCE commons.tenant_version")
    create_public_table(
        "tenant",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column(
            "consortium_id", sa.Integer, sa.ForeignKey("commons.consortium.id"), nullable=False
        ),
        sa.Column("code", sa.Text, nullable=False, unique=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("parent_id", sa.Integer, sa.ForeignKey("commons.tenant.id")),
        sa.Column("path", sa.dialects.postgresql.ARRAY(sa.Integer), nullable=False),
        sa.Column("name_zh", sa.Text, nullable=False),
        sa.Column("name_en", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("zone", sa.Text, nullable=False),
        sa.Column("latitude", sa.Float),
        sa.Column("longitude", sa.Float),
        sa.Column("host", sa.Text, unique=True),
        sa.Column("version", sa.BigInteger, nullable=False),
    )
    op.execute(f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA commons TO {PUBLIC}")
