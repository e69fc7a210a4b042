"""Requests and their parties, what is under way between branches, and timers."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from pinakes.main.migrations.tools import create_queue_table, create_tenant_table, script
from pinakes.platform.db import index, link

ID = """
-- A UUID that grows with time, also before PostgreSQL 18.
CREATE FUNCTION pinakes_id() RETURNS uuid LANGUAGE sql VOLATILE AS $$
    SELECT encode(set_bit(set_bit(overlay(uuid_send(gen_random_uuid()) PLACING
        substr(int8send((extract(epoch FROM clock_timestamp()) * 1000)::bigint), 3)
        FROM 1 FOR 6), 52, 1), 53, 1), 'hex')::uuid
$$;
"""

revision = "0014_lending"
down_revision = "0013_cataloguing"


def upgrade() -> None:
    script(ID)
    requests()
    parties()
    ways()
    op.add_column("item", sa.Column("request_id", sa.Uuid))  # for which it is kept, or under way
    op.add_column("item", sa.Column("held_for", sa.Uuid))  # on the hold shelf: for this person
    op.add_column("item", sa.Column("back_by", sa.DateTime(True)))  # no loan of it lasts longer
    op.add_column("item", sa.Column("guest_of", sa.Integer))  # whose it is, if not ours
    op.create_index(
        "item_tenant_id_request_id",
        "item",
        ["tenant_id", "request_id"],
        postgresql_where=sa.text("request_id IS NOT NULL"),
    )
    # The owner's function barcode_owners reads which branch has a barcode, and nothing else.
    op.execute("CREATE POLICY lookup ON item FOR SELECT TO CURRENT_USER USING (true)")


def requests() -> None:
    create_tenant_table(
        "request",
        sa.Column("person_id", sa.Uuid),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("edition_id", sa.Uuid),
        sa.Column("owner_id", sa.Integer),
        sa.Column("record_id", sa.Uuid),
        sa.Column("item_id", sa.Uuid),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("pickup_id", sa.Integer, nullable=False),
        sa.Column("service", sa.Text, nullable=False),
        sa.Column("needed_by", sa.Date),
        sa.Column("note", sa.Text, nullable=False, server_default=""),
        sa.Column("in_house", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("over", sa.Boolean, nullable=False),
        sa.Column("changed_at", sa.DateTime(True), nullable=False, server_default=sa.func.now()),
        index("person_id"),
    )


def parties() -> None:
    create_tenant_table(
        "request_party",
        sa.Column("request_id", sa.Uuid, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("home_id", sa.Integer, nullable=False),
        sa.Column("pickup_id", sa.Integer, nullable=False),
        sa.Column("supplier_id", sa.Integer),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("model", sa.Integer, nullable=False),
        sa.Column("service", sa.Text, nullable=False),
        sa.Column("flags", ARRAY(sa.Text), nullable=False),
        sa.Column("facts", JSONB, nullable=False),
        sa.Column("alarm", sa.Text),
        sa.Column("alarm_at", sa.BigInteger),
        sa.Column("over", sa.Boolean, nullable=False),
        sa.Column("item_id", sa.Uuid),
        sa.Column("reasons", JSONB),
        sa.Column("trouble", sa.Text),
        sa.Column("said", JSONB),
        sa.Column("changed_at", sa.DateTime(True), nullable=False, server_default=sa.func.now()),
        index("request_id", "role", "attempt", unique=True),
        index("role", "state", where="NOT over"),
        index("trouble", where="trouble IS NOT NULL"),
        index("changed_at", where="role = 'requester' AND NOT over"),
    )


def ways() -> None:
    create_tenant_table(
        "transit",
        sa.Column("party_id", sa.Uuid),
        sa.Column("leg", sa.Text, nullable=False),
        sa.Column("from_id", sa.Integer, nullable=False),
        sa.Column("to_id", sa.Integer, nullable=False),
        sa.Column("barcode", sa.Text, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("parcel", sa.Text),
        sa.Column("shipped_at", sa.DateTime(True), nullable=False),
        sa.Column("received_at", sa.DateTime(True)),
        sa.Column("lost_at", sa.DateTime(True)),
        link("party_id", "request_party"),
        index("party_id", "leg", unique=True, where="received_at IS NULL AND lost_at IS NULL"),
        index("party_id"),
        index("barcode"),
        index("parcel", where="parcel IS NOT NULL"),
        index("to_id", "shipped_at", where="received_at IS NULL AND lost_at IS NULL"),
    )
    create_tenant_table(
        "arrival",
        sa.Column("barcode", sa.Text, nullable=False),
        sa.Column("owner_id", sa.Integer),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("title", sa.Text),
        sa.Column("send_to", sa.Integer),
        sa.Column("rule", sa.Text),
        index("barcode"),
        index("state", where="state IN ('unknown', 'asked')"),
    )
    create_queue_table(
        "alarm",
        sa.Column(
            "tenant_id",
            sa.Integer,
            primary_key=True,
            autoincrement=False,
            server_default=sa.text("pinakes_tenant()"),
        ),
        sa.Column("id", sa.Uuid, primary_key=True),  # of the party
        sa.Column("due_at", sa.DateTime(True), nullable=False),
        sa.Column("tries", sa.Integer, nullable=False, server_default="0"),
        sa.Index("alarm_due_at", "due_at"),
    )
