"""What was left at a branch goes into a parcel, too."""

import sqlalchemy as sa
from alembic import op

revision = "0035_arrival_parcel"
down_revision = "0034_due"


def upgrade() -> None:
    op.add_column("arrival", sa.Column("parcel", sa.Text))
    op.create_index(
        "arrival_tenant_id_parcel",
        "arrival",
        ["tenant_id", "parcel"],
        postgresql_where=sa.text("parcel IS NOT NULL"),
    )
