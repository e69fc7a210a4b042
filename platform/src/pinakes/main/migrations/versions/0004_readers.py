"""Readers: memberships, cards, what lenders may know, and consents."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from pinakes.main.migrations.tools import create_shared_table, create_tenant_table
from pinakes.platform.db import index, link

revision = "0004_readers"
down_revision = "0003_issuer"


def upgrade() -> None:
    create_tenant_table(
        "reader",
        sa.Column("person_id", sa.Uuid, nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("home_id", sa.Integer, nullable=False),
        sa.Column("reader_kind", sa.Text, nullable=False),
        sa.Column("name", sa.Text),
        sa.Column("born", sa.Date),
        sa.Column("contact", sa.Text),
        sa.Column("state", sa.String(40), nullable=False),
        sa.Column("blocks", JSONB, nullable=False),
        sa.Column("until", sa.Date),
        sa.Column("keep_history", sa.Boolean, nullable=False),
        sa.Column("visits", JSONB, nullable=False),
        index("person_id", unique=True),
    )
    create_shared_table(
        "card",
        sa.Column("number", sa.Text, nullable=False),
        sa.Column("person_id", sa.Uuid, nullable=False),
        sa.Column("home_id", sa.Integer, nullable=False),
        sa.Column("consortium_id", sa.Integer, nullable=False),
        sa.Column("old", sa.Boolean, nullable=False),
        sa.Column("state", sa.String(40), nullable=False),
        index("number", unique=True),
        sa.Index("card_presented", "consortium_id", "number", "tenant_id"),
        sa.Index("card_of_person", "home_id", "person_id"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "person_id"], ["reader.tenant_id", "reader.person_id"]
        ),
        parties=["home_id"],
    )
    create_shared_table(
        "standing",
        sa.Column("person_id", sa.Uuid, nullable=False),
        sa.Column("consortium_id", sa.Integer, nullable=False),
        sa.Column("reader_kind", sa.Text, nullable=False),
        sa.Column("may_borrow", sa.Boolean, nullable=False),
        sa.Column("blocks", JSONB, nullable=False),
        sa.Column("open_loans", sa.Integer, nullable=False),
        sa.Column("loans_left", sa.Integer, nullable=False),
        sa.Column("until", sa.Date),
        sa.Column("keep_history", sa.Boolean, nullable=False),
        sa.Column("as_of", sa.DateTime(True), nullable=False),
        index("person_id", unique=True),
        parties=["tenant_id"],  # lenders read it through card_lookup alone
    )
    create_shared_table(
        "consent",
        sa.Column("person_id", sa.Uuid, nullable=False),
        sa.Column("home_id", sa.Integer, nullable=False),
        sa.Column("purpose", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("language", sa.Text, nullable=False),
        sa.Column("given_by", sa.Text, nullable=False),
        sa.Column("request", sa.Text),
        sa.Column("withdrawn_at", sa.DateTime(True)),
        sa.Column("withdrawn_by", sa.Text),
        index("person_id", "purpose", unique=True, where="withdrawn_at IS NULL"),
        sa.Index("consent_of_person", "home_id", "person_id"),
        parties=["home_id"],
    )
    create_tenant_table(
        "reader_line",
        sa.Column("job_id", sa.Uuid, nullable=False),
        sa.Column("line", sa.Integer, nullable=False),
        sa.Column("cells", JSONB),
        sa.Column("outcome", sa.Text),
        sa.Column("reason", sa.Text),
        link("job_id", "job"),
        index("job_id", "line", unique=True),
    )
    for name in ("card", "standing"):  # the owner's function card_lookup reads these two
        op.execute(f"CREATE POLICY lookup ON {name} FOR SELECT TO CURRENT_USER USING (true)")
