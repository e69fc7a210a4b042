"""What a running ``pinakes up`` tells other commands: the file ``run.json`` in its folder."""

import json
import os
from pathlib import Path
from typing import Any

import click

FILE = "run.json"

data_option = click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    default=".pinakes",
    show_default=True,
    help="The folder of the `pinakes up` to talk to.",
)


class NotRunning(Exception):
    """Nothing runs on that folder."""


def running(data: Path) -> dict[str, Any]:
    """What runs on *data*: version, pid, settings, parts."""
    try:
        told: dict[str, Any] = json.loads((data / FILE).read_text())
    except FileNotFoundError:
        raise NotRunning(f"Nothing runs on {data}. Start it with: ./pinakes up") from None
    except PermissionError:
        raise NotRunning(f"{data / FILE} may be read only by whoever runs it") from None
    return told


def adopt(data: Path) -> None:
    """Make the settings of what runs on *data* ours; those of our own environment win."""
    if "PINAKES_DATABASE" in os.environ:
        return
    for name, value in running(data)["settings"].items():
        os.environ.setdefault(name, value)
