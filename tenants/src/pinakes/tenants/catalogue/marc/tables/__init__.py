"""The tables of each dialect, as librarians write them; read once."""

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any


@cache
def table(name: str) -> dict[str, Any]:
    """A table by its file's name, without the ending."""
    text = files(__name__).joinpath(f"{name}.toml").read_text("utf-8")
    return tomllib.loads(text)
