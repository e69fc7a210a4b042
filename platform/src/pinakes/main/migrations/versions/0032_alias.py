"""Of what ended those are found that still hold the alias of a reader."""

import sqlalchemy as sa
from alembic import op

revision = "0032_alias"
down_revision = "0031_before"


def upgrade() -> None:
    op.drop_index("request_party_to_cut", "request_party")
    op.create_index(
        "request_party_to_cut",
        "request_party",
        ["tenant_id", "changed_at"],
        postgresql_where=sa.text("over AND facts ?| ARRAY['person', 'alias', 'label', 'notes']"),
    )
