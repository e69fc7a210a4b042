"""What nobody stands waiting for gives way to other messages."""

from pinakes.main.migrations.tools import script

revision = "0026_lanes"
down_revision = "0025_cells"

LANES = """
ALTER TABLE outbox ADD COLUMN patient boolean GENERATED ALWAYS AS (
    kind IN ('ItemsChanged', 'RecordsChanged', 'SupplyMoved', 'CopyFree', 'WaitChanged')) STORED;
DROP INDEX outbox_open;
CREATE INDEX outbox_open ON outbox (patient, due_at) WHERE state = 'waiting';
"""


def upgrade() -> None:
    script(LANES)
