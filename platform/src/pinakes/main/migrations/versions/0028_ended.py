"""What has ended lately is found among all that ended ever."""

import sqlalchemy as sa
from alembic import op

revision = "0028_ended"
down_revision = "0027_newest"


def upgrade() -> None:
    op.create_index(
        "request_party_ended",
        "request_party",
        ["tenant_id", "changed_at"],
        postgresql_where=sa.text("role = 'requester' AND over"),
    )
