"""The registry: consortia, the tree of their branches, inherited settings, staff."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from pinakes.main.migrations.tools import PUBLIC, create_public_table, create_tenant_table
from pinakes.platform.db import index

revision = "0002_registry"
down_revision = "0001_floor"


def upgrade() -> None:
    for number in ("consortium_number", "tenant_number", "tenant_version"):
        op.execute(f"CREATE SEQUENCE commons.{number}")
    directory()
    settings()
    onboarding()
    staff()
    op.execute(f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA commons TO {PUBLIC}")


def directory() -> None:
    create_public_table(
        "consortium",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("code", sa.Text, nullable=False, unique=True),
        sa.Column("name_zh", sa.Text, nullable=False),
        sa.Column("name_en", sa.Text, nullable=False),
    )
    create_public_table(
        "tenant",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column(
            "consortium_id", sa.Integer, sa.ForeignKey("commons.consortium.id"), nullable=False
        ),
        sa.Column("code", sa.Text, nullable=False, unique=True),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("parent_id", sa.Integer, sa.ForeignKey("commons.tenant.id")),
        sa.Column("path", ARRAY(sa.Integer), nullable=False),
        sa.Column("name_zh", sa.Text, nullable=False),
        sa.Column("name_en", sa.Text, nullable=False),
        sa.Column("state", sa.String(40), nullable=False),
        sa.Column("zone", sa.Text, nullable=False),
        sa.Column("latitude", sa.Float),
        sa.Column("longitude", sa.Float),
        sa.Column("host", sa.Text, unique=True),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Index("tenant_parent_id", "parent_id"),
    )


def settings() -> None:
    create_public_table(
        "setting",
        sa.Column("tenant_id", sa.Integer, sa.ForeignKey("commons.tenant.id"), primary_key=True),
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("value", JSONB, nullable=False),
        sa.Column("locked", sa.Boolean, nullable=False),
    )
    create_public_table(
        "setting_default",
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("value", JSONB, nullable=False),
    )


def onboarding() -> None:
    create_tenant_table(
        "placement",
        sa.Column("endpoint", sa.Text),
        sa.Column("bucket", sa.Text, nullable=False),
        sa.Column("prefix", sa.Text, nullable=False),
        sa.Index("placement_tenant", "tenant_id", unique=True),
    )
    create_tenant_table(
        "onboarding",
        sa.Column("step", sa.Text, nullable=False),
        index("step", unique=True),
    )


def staff() -> None:
    create_tenant_table(
        "staff",
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("role", sa.String(40), nullable=False),
        sa.Column("below", sa.Boolean, nullable=False),
        sa.Column("active", sa.Boolean, nullable=False, server_default="true"),
        index("subject", unique=True),
        index("name", unique=True),
    )
    create_public_table(
        "revocation",
        sa.Column("subject", sa.Text, primary_key=True),
        sa.Column("before", sa.DateTime(True), nullable=False),
        sa.Index("revocation_before", "before"),
    )
