"""What an import wrote and a later one changed is found by the import."""

from pinakes.main.migrations.tools import script

revision = "0031_before"
down_revision = "0030_to_cut"

# A column of its own: row-level security lets no index be asked by what is within a document.
BEFORE = """
ALTER TABLE former ADD COLUMN import_id uuid
    GENERATED ALWAYS AS ((was ->> 'import_id')::uuid) STORED;
CREATE INDEX former_tenant_id_import_id_kind_row_id ON former (tenant_id, import_id, kind, row_id);
"""


def upgrade() -> None:
    script(BEFORE)
