"""The catalogue: records as they came, headings, and what could not be read."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.schema import SchemaItem

from pinakes.main.migrations.tools import create_tenant_table
from pinakes.platform.db import index, link

EVERY_RECORD_COUNTS = """
ALTER TABLE job ADD CONSTRAINT every_record_counts CHECK (
    kind <> 'catalogue.import' OR report IS NULL
    OR (report->>'read')::bigint = (report->>'new')::bigint + (report->>'updated')::bigint
        + (report->>'unchanged')::bigint + (report->>'quarantined')::bigint)
"""

revision = "0005_catalogue"
down_revision = "0004_readers"


def upgrade() -> None:
    create_tenant_table(
        "record",
        *as_it_came(),
        sa.Column("title_fields", JSONB, nullable=False),
        sa.Column("sort_key", sa.Text, nullable=False),
        sa.Column("isbn13", sa.Text, nullable=False),
        sa.Column("suppressed", sa.Boolean, nullable=False, server_default=sa.false()),
        index("key", unique=True),
        index("control_number"),
        index("isbn13"),
    )
    create_tenant_table(
        "authority",
        *as_it_came(),
        index("key", unique=True),
    )
    create_tenant_table(
        "upload",
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("gone_at", sa.DateTime(True)),
    )
    create_tenant_table(
        "quarantine",
        sa.Column("job_id", sa.Uuid, nullable=False),
        sa.Column("ordinal", sa.Integer, nullable=False),
        sa.Column("byte_offset", sa.BigInteger, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("facts", JSONB, nullable=False),
        sa.Column("raw", sa.LargeBinary, nullable=False),
        link("job_id", "job"),
        index("job_id", "ordinal", unique=True),
    )
    create_tenant_table(
        "item_trouble",
        sa.Column("job_id", sa.Uuid, nullable=False),
        sa.Column("ordinal", sa.Integer, nullable=False),
        sa.Column("barcode", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        link("job_id", "job"),
        index("job_id", "ordinal"),
    )
    op.execute(EVERY_RECORD_COUNTS)


def as_it_came() -> tuple[SchemaItem, ...]:
    """What we keep of every record, whatever it describes."""
    return (
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("control_number", sa.Text, nullable=False),
        sa.Column("agency", sa.Text, nullable=False),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("dialect", sa.Text, nullable=False),
        sa.Column("encoding", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("raw", sa.LargeBinary, nullable=False),
        sa.Column("changed_at", sa.DateTime(True), nullable=False, server_default=sa.func.now()),
    )
