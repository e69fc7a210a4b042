"""What its own branch keeps for nobody any more stands on a list until it is put back."""

import sqlalchemy as sa
from alembic import op

revision = "0039_to_put_back"
down_revision = "0038_kinds"


def upgrade() -> None:
    op.create_index(
        "request_party_to_put_back",
        "request_party",
        ["tenant_id", "id"],
        postgresql_where=sa.text("over AND flags @> ARRAY['to_put_back']"),
    )
