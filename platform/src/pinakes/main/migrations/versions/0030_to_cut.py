"""Of what ended those are found that still name somebody; of a reader's requests, open ones."""

import sqlalchemy as sa
from alembic import op

revision = "0030_to_cut"
down_revision = "0029_about"


def upgrade() -> None:
    op.create_index(
        "request_to_cut",
        "request",
        ["tenant_id", "created_at"],
        postgresql_where=sa.text("over AND person_id IS NOT NULL"),
    )
    op.create_index(
        "request_party_to_cut",
        "request_party",
        ["tenant_id", "changed_at"],
        postgresql_where=sa.text("over AND facts ?| ARRAY['person', 'label', 'notes']"),
    )
    op.drop_index("request_tenant_id_person_id")
    op.create_index(
        "request_tenant_id_person_id_over", "request", ["tenant_id", "person_id", "over"]
    )
