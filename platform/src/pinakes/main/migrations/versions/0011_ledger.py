"""The ledger: a branch's events, the commitments on their way, and the log that only grows."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.schema import SchemaItem

from pinakes.main.migrations.tools import (
    APPLICATION,
    CARRIER,
    TENANT,
    create_public_table,
    create_tenant_table,
    guard,
    owned,
    say_kind,
)
from pinakes.platform.db import index

revision = "0011_ledger"
down_revision = "0010_imports"

LEDGER = "pinakes_ledger"  # the role that adds to the log, and sees nothing of any branch


def upgrade() -> None:
    op.execute(f"GRANT USAGE ON SCHEMA commons TO {LEDGER}")
    create_tenant_table(
        "ledger_event",
        sa.Column("about", sa.Uuid, nullable=False),
        sa.Column("event", sa.Text, nullable=False),
        sa.Column("salt", sa.LargeBinary, nullable=False),
        index("about"),
    )
    op.execute(f"REVOKE UPDATE, DELETE ON ledger_event FROM {APPLICATION}")
    waiting()
    log()
    cosigning()


def waiting() -> None:
    """A queue whose carrier is the ledger: it takes commitments out, and adds none."""
    name = "ledger_waiting"
    op.create_table(
        name,
        *owned(),
        sa.Column("commitment", sa.LargeBinary, nullable=False),
        sa.Index("ledger_waiting_created_at", "created_at"),
    )
    guard(name, f"tenant_id = {TENANT}")
    op.execute(f"REVOKE UPDATE, DELETE ON {name} FROM {APPLICATION}")
    op.execute(f"CREATE POLICY ledger ON {name} TO {LEDGER} USING (true)")
    op.execute(f"GRANT SELECT, DELETE ON {name} TO {LEDGER}")
    say_kind(name, "queue")


def log() -> None:
    create_log_table(
        "ledger_leaf",
        number("place"),
        sa.Column("hash", sa.LargeBinary, nullable=False, unique=True),
        sa.Column("data", sa.LargeBinary, nullable=False),
    )
    create_log_table(
        "ledger_node",
        sa.Column("level", sa.SmallInteger, primary_key=True, autoincrement=False),
        number("place"),
        sa.Column("hash", sa.LargeBinary, nullable=False),
    )
    create_log_table(
        "ledger_head",
        number("size"),
        sa.Column("signed_at", sa.DateTime(True), nullable=False),
        sa.Column("note", sa.Text, nullable=False),
    )
    create_log_table("ledger_key", number("place"))


def cosigning() -> None:
    create_public_table(
        "ledger_cosigner",
        tenant(),
        sa.Column("key", sa.LargeBinary, nullable=False, unique=True),
        sa.Column("since", sa.DateTime(True), nullable=False),
    )
    create_public_table(
        "ledger_cosignature",
        number("size"),
        tenant(),
        sa.Column("key", sa.LargeBinary, nullable=False),
        sa.Column("line", sa.Text, nullable=False),
    )


def create_log_table(name: str, *columns: SchemaItem) -> None:
    """A public table to which the ledger's role adds rows, and which nobody changes."""
    op.create_table(name, *columns, schema="commons")
    op.execute(f"GRANT SELECT ON commons.{name} TO {APPLICATION}, {CARRIER}")
    op.execute(f"GRANT SELECT, INSERT ON commons.{name} TO {LEDGER}")
    say_kind(f"commons.{name}", "public")


def number(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, primary_key=True, autoincrement=False)


def tenant() -> sa.Column[int]:
    return sa.Column("tenant_id", sa.Integer, primary_key=True, autoincrement=False)
