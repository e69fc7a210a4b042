"""Words our migrations speak. Add new ones; never change what an old one does.

Every table is of one kind, written into its comment, and the catalogue test
holds each kind to its rules:

- tenant: one owner; nobody else sees the row;
- shared: an owner who writes, and named parties who may read;
- public: everybody reads, the role ``pinakes_public`` writes, no personal data;
- queue: a tenant sees and adds its own rows, the carrier sees all of them.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.schema import SchemaItem

from pinakes.main.migrations.scripts import run_script

APPLICATION = "pinakes_app"  # the role that serves requests
CARRIER = "pinakes_carrier"  # the role that carries messages
PUBLIC = "pinakes_public"  # the role that writes public tables
TENANT = "(SELECT pinakes_tenant())"  # as a subquery it is asked once per query, not once per row


def script(orders: str) -> None:
    """Run several orders at once: functions, grants."""
    run_script(op.get_bind(), orders)


def create_tenant_table(name: str, *columns: SchemaItem) -> None:
    """Create a table whose rows the database fills in and hides, per tenant.

    With no tenant entered every row is hidden, and none can be written.
    """
    owned_table(name, *columns)
    guard(name, f"tenant_id = {TENANT}")
    say_kind(name, "tenant")


def create_shared_table(name: str, *columns: SchemaItem, parties: Sequence[str]) -> None:
    """Create a table whose owner writes, and the tenants in the columns *parties* read."""
    owned_table(name, *columns)
    guard(name, f"tenant_id = {TENANT}")
    named = " OR ".join(f"{party} = {TENANT}" for party in parties)
    op.execute(f"CREATE POLICY party ON {name} FOR SELECT TO {APPLICATION} USING ({named})")
    say_kind(name, "shared")


def create_public_table(name: str, *columns: SchemaItem) -> None:
    """Create a table in ``commons``: all read, the public role writes."""
    op.create_table(name, *columns, schema="commons")
    op.execute(f"GRANT SELECT ON commons.{name} TO {APPLICATION}, {CARRIER}")
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON commons.{name} TO {PUBLIC}")
    say_kind(f"commons.{name}", "public")


def create_queue_table(name: str, *columns: SchemaItem) -> None:
    """Create a queue: each tenant sees and adds its own rows, the carrier sees all."""
    op.create_table(name, *columns)
    guard(name, f"tenant_id = {TENANT}")
    op.execute(f"CREATE POLICY carrier ON {name} TO {CARRIER} USING (true) WITH CHECK (true)")
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {name} TO {CARRIER}")
    say_kind(name, "queue")


def owned() -> tuple[sa.Column[int], sa.Column[object], sa.Column[object]]:
    """The columns of ``TenantOwned``."""
    return (
        sa.Column(
            "tenant_id",
            sa.Integer,
            primary_key=True,
            autoincrement=False,
            server_default=sa.text("pinakes_tenant()"),
        ),
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("created_at", sa.DateTime(True), nullable=False, server_default=sa.func.now()),
    )


def owned_table(name: str, *columns: SchemaItem) -> None:
    """Create a table with the columns of ``TenantOwned`` before its own."""
    op.create_table(name, *owned(), *columns)


def guard(name: str, mine: str) -> None:
    """Let the application see and write the rows that are *mine* alone."""
    op.execute(f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {name} FORCE ROW LEVEL SECURITY")
    op.execute(
        f"CREATE POLICY tenant ON {name} TO {APPLICATION} USING ({mine}) WITH CHECK ({mine})"
    )
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {name} TO {APPLICATION}")


def say_kind(name: str, kind: str) -> None:
    op.execute(f"COMMENT ON TABLE {name} IS 'kind: {kind}'")
