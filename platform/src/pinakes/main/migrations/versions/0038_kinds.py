"""Of a title it is known which kinds of copies may be lent; of a wish, which of them will do."""

from pinakes.main.migrations.tools import script

revision = "0038_kinds"
down_revision = "0037_tried"

# The owner of a table is no tenant: it sees the copies of all while their wall is down, and nobody
# else can look until this is over.
KINDS = """
ALTER TABLE commons.holding ADD COLUMN lendable integer NOT NULL DEFAULT 0,
                            ADD COLUMN kinds jsonb NOT NULL DEFAULT '{}';
ALTER TABLE item NO FORCE ROW LEVEL SECURITY;
UPDATE commons.holding h SET lendable = counted.lendable, kinds = counted.kinds
FROM (
    SELECT tenant_id, record_id, sum(free)::integer AS lendable,
           jsonb_object_agg(kind, free) AS kinds
    FROM (
        SELECT tenant_id, record_id, kind, count(*) FILTER (WHERE status = 'on_shelf') AS free
        FROM item
        WHERE kind <> 'reference' AND status IN ('on_shelf', 'lent', 'processing', 'held', 'out')
        GROUP BY tenant_id, record_id, kind) AS each
    GROUP BY tenant_id, record_id) AS counted
WHERE h.tenant_id = counted.tenant_id AND h.record_id = counted.record_id;
ALTER TABLE item FORCE ROW LEVEL SECURITY;
ALTER TABLE commons.wanted ADD COLUMN fits jsonb NOT NULL DEFAULT '{}', DROP COLUMN kind;
"""


def upgrade() -> None:
    script(KINDS)
