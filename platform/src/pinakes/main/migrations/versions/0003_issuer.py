"""The issuer's own schema, which nobody else may enter."""

from importlib.resources import files

from pinakes.main.migrations.tools import script

revision = "0003_issuer"
down_revision = "0002_registry"


def upgrade() -> None:
    script((files("pinakes.main.embedded.issuer") / "schema.sql").read_text())
