"""What is on its way about one thing is found by that thing, whatever the planner believes."""

import sqlalchemy as sa
from alembic import op

revision = "0029_about"
down_revision = "0028_ended"


def upgrade() -> None:
    op.drop_index("outbox_about")
    op.create_index(
        "outbox_about",
        "outbox",
        ["about", "receiver", "seq"],
        postgresql_where=sa.text("state <> 'sent'"),
    )
