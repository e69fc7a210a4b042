"""The functions of hot commands, installed anew by every migration run."""

from importlib.resources import files

from sqlalchemy import Connection

from pinakes.main.features import FEATURES
from pinakes.main.migrations.scripts import run_script


def install(connection: Connection) -> None:
    """Replace every feature's ``functions.sql`` and facts in the database by today's."""
    for feature in FEATURES:
        if feature.functions:
            script = (files(feature.functions) / "functions.sql").read_text()
            run_script(connection, script)
        if feature.facts:
            run_script(connection, feature.facts())
