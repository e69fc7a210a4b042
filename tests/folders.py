"""Folders for servers: pytest's own are private, and a server of root's may not enter them."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp


@contextmanager
def open_folder() -> Generator[Path]:
    """A folder that everybody may pass through; gone afterwards."""
    path = Path(mkdtemp(prefix="pinakes-test-"))
    path.chmod(0o711)
    try:
        yield path
    finally:
        rmtree(path, ignore_errors=True)  # a server that was killed may still be tidying up
