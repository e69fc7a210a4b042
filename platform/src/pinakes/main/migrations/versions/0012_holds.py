"""Who may supply, on which terms and with what load; who waits, and how long others waited."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from pinakes.main.migrations.tools import create_public_table

revision = "0012_holds"
down_revision = "0011_ledger"


def upgrade() -> None:
    suppliers()
    supplies()
    waiting()


def suppliers() -> None:
    create_public_table(
        "supplier",
        sa.Column("tenant_id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("consortium_id", sa.Integer, nullable=False),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("province", sa.Integer),
        sa.Column("city", sa.Integer),
        sa.Column("latitude", sa.Float),
        sa.Column("longitude", sa.Float),
        sa.Column("pause_from", sa.Date),
        sa.Column("pause_until", sa.Date),
        sa.Column("daily_cap", sa.Integer),
        sa.Column("courier_days", sa.Integer, nullable=False),
        sa.Column("cost", sa.Integer, nullable=False),
        sa.Column("groups", ARRAY(sa.Text), nullable=False),
        sa.Column("mask", sa.BigInteger, nullable=False),
        sa.Column("last_resort", sa.Boolean, nullable=False),
        sa.Column("local_days", sa.Integer, nullable=False),
        sa.Column("new_days", sa.Integer, nullable=False),
        sa.Column("opens", sa.Date),
        sa.Column("reckoned", sa.Date, nullable=False),
        sa.Column("open", sa.Integer, nullable=False, server_default="0"),
        sa.Column("asked", sa.Integer, nullable=False, server_default="0"),
        sa.Column("asked_on", sa.Date),
        sa.Column("balance", sa.Integer, nullable=False, server_default="0"),
        sa.Index("supplier_province", "province"),
        sa.Index("supplier_place", sa.text("point(longitude, latitude)"), postgresql_using="gist"),
    )
    create_public_table(
        "supplier_policy",
        sa.Column("tenant_id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("versions", sa.Text, nullable=False),
    )


def supplies() -> None:
    create_public_table(
        "supply",
        sa.Column("request_id", sa.Uuid, primary_key=True),
        sa.Column("attempt", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("supplier", sa.Integer, nullable=False),
        sa.Column("home", sa.Integer, nullable=False),
        sa.Column("edition_id", sa.Uuid),
        sa.Column("asked_at", sa.DateTime(True), nullable=False, server_default=sa.func.now()),
        sa.Column("pending", sa.Boolean, nullable=False),
        sa.Column("shipped_at", sa.DateTime(True)),
        sa.Column("ended_at", sa.DateTime(True)),
        sa.Index("supply_pending", "edition_id", postgresql_where=sa.text("pending")),
        sa.Index("supply_ended", "ended_at", postgresql_where=sa.text("ended_at IS NOT NULL")),
    )
    create_public_table(
        "new_copies",
        sa.Column("tenant_id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("record_id", sa.Uuid, primary_key=True),
        sa.Column("copies", sa.Integer, nullable=False),
        sa.Column("until", sa.DateTime(True), nullable=False),
        sa.Index("new_copies_until", "until"),
    )


def waiting() -> None:
    create_public_table(
        "wanted",
        sa.Column("request_id", sa.Uuid, primary_key=True),
        sa.Column("edition_id", sa.Uuid, nullable=False),
        sa.Column("owner", sa.Integer),
        sa.Column("record_id", sa.Uuid),
        sa.Column("item_id", sa.Uuid),
        sa.Column("home", sa.Integer, nullable=False),
        sa.Column("pickup", sa.Integer, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("placed_at", sa.DateTime(True), nullable=False, server_default=sa.func.now()),
        sa.Column("rank", sa.Integer, nullable=False, server_default="0"),
        sa.Column("place", sa.Integer, nullable=False),
        sa.Column("suspended_until", sa.DateTime(True)),
        sa.Column("offered_by", sa.Integer),
        sa.Column("offered_at", sa.DateTime(True)),
        sa.Column("refused", ARRAY(sa.Integer), nullable=False, server_default="{}"),
        sa.Index("wanted_turn", "edition_id", "rank", "placed_at", "request_id"),
        sa.Index("wanted_suspended", "suspended_until"),
        sa.Index("wanted_item", "item_id", postgresql_where=sa.text("item_id IS NOT NULL")),
    )
    create_public_table(
        "waited",
        sa.Column("request_id", sa.Uuid, primary_key=True),
        sa.Column("edition_id", sa.Uuid, nullable=False),
        sa.Column("placed_at", sa.DateTime(True), nullable=False),
        sa.Column("filled_at", sa.DateTime(True), nullable=False, server_default=sa.func.now()),
        sa.Column("place", sa.Integer, nullable=False),
        sa.Index("waited_edition", "edition_id", "filled_at"),
        sa.Index("waited_filled_at", "filled_at"),
    )
