"""What a running ``pinakes up`` tells other commands: the file ``run.json`` in its folder."""

import fcntl
import json
import os
from pathlib import Path
from typing import Any

import click

from pinakes.platform import config

FILE = "run.json"
LOCK = "up.lock"  # held, and its process's number in it, as long as `up` lives

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
    if has_died(data):
        raise NotRunning(
            f"`pinakes up` on {data} has died without stopping. What was saved is still there: "
            f"start it again with: ./pinakes up --data {data}"
        )
    return told


def has_died(data: Path) -> bool:
    """Whether whoever wrote ``run.json`` is gone: the kernel lets go of a dead process's lock."""
    try:
        with (data / LOCK).open() as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def adopt(data: Path) -> None:
    """Make the settings of what runs on *data* ours; our own environment or file wins."""
    if "PINAKES_DATABASE" in os.environ or config.FILE in os.environ:
        return
    for name, value in running(data)["settings"].items():
        os.environ.setdefault(name, value)
