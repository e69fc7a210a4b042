"""Books on no request that never came home stand on a list until their branch has settled it."""

import sqlalchemy as sa
from alembic import op

revision = "0036_astray"
down_revision = "0035_arrival_parcel"


def upgrade() -> None:
    op.add_column("transit", sa.Column("settled_at", sa.DateTime(timezone=True)))
    op.create_index(
        "transit_astray",
        "transit",
        ["tenant_id", "id"],
        postgresql_where=sa.text(
            "party_id IS NULL AND lost_at IS NOT NULL AND received_at IS NULL"
            " AND settled_at IS NULL"
        ),
    )
