"""Books that are gone stand on a list until their branch has settled it."""

import sqlalchemy as sa
from alembic import op

revision = "0033_lost"
down_revision = "0032_alias"


def upgrade() -> None:
    op.create_index(
        "request_party_lost",
        "request_party",
        ["tenant_id", "id"],
        postgresql_where=sa.text(
            "over AND state IN ('LOST', 'NEVER_ARRIVED', 'COMPLETED_WITHOUT_RETURN')"
            " AND NOT flags @> ARRAY['settled']"
        ),
    )
