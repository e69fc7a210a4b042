"""The functions of hot commands, installed anew by every migration run."""

from importlib.resources import files

from sqlalchemy import Connection

from pinakes.main.features import FEATURES
from pinakes.main.migrations.scripts import run_script


def install(connection: Connection) -> None:
    """Replace the floor's and every feature's ``functions.sql``, and facts, by today's."""
    replace(connection, "pinakes.platform")
    for feature in FEATURES:
        if feature.functions:
            replace(connection, feature.functions)
        if feature.facts:
            run_script(connection, feature.facts())


def replace(connection: Connection, package: str) -> None:
    run_script(connection, (files(package) / "functions.sql").read_text())
