"""Where files may lie when the server has to run as somebody else than we do."""

import os
import stat
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex
from shutil import rmtree
from tempfile import mkdtemp

NOBODY = 65534  # PostgreSQL refuses to run as root
PRIVATE = 0o700
OPEN_TO_ALL = 0o711  # pass through, but do not look around
ELSEWHERE = Path("/var/lib/pinakes")  # only root looks for another place, and may make this one


def unprivileged() -> int | None:
    """The user id for a server that refuses root; nothing when we are not root."""
    return NOBODY if os.getuid() == 0 else None


@contextmanager
def open_folder(prefix: str) -> Generator[Path]:
    """A temporary folder that a server of ours may enter; all of it is gone afterwards."""
    path = Path(mkdtemp(prefix=prefix))
    path.chmod(OPEN_TO_ALL)
    try:
        yield path
    finally:
        rmtree(path, ignore_errors=True)  # a server that was killed may still be tidying up


def give(path: Path, user: int | None) -> None:
    """Hand *path* to *user*."""
    if user is not None:
        os.chown(path, user, user)


def enterable(folder: Path, user: int | None) -> Path:
    """*folder*, or one of ours that *user* can enter when a private home is in the way."""
    if user is None or reaches(user, folder):
        return folder
    note = folder / "elsewhere"  # as the place goes with the folder, another folder gets another
    if not note.exists():
        note.write_text(str(elsewhere(token_hex(8))))
    return Path(note.read_text())


def elsewhere(name: str) -> Path:
    """A folder of ours that everybody can pass through."""
    place = ELSEWHERE / name
    for step in (ELSEWHERE, place):
        step.mkdir(exist_ok=True)
        step.chmod(OPEN_TO_ALL)
    return place


def reaches(user: int, path: Path) -> bool:
    """Whether *user* may pass every folder on the way to *path*, and *path* itself."""
    return all(_passable(user, step.stat()) for step in [path.resolve(), *path.resolve().parents])


def _passable(user: int, step: os.stat_result) -> bool:
    return bool(step.st_mode & (stat.S_IXUSR if step.st_uid == user else stat.S_IXOTH))
