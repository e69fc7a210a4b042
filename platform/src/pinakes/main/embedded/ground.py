"""Where files may lie when the server has to run as somebody else than we do."""

import os
import stat
from hashlib import sha256
from pathlib import Path

from pinakes.main.embedded.child import NotStarted

NOBODY = 65534  # PostgreSQL refuses to run as root
OPEN_TO_ALL = 0o711  # pass through, but do not look around
ELSEWHERE = Path("/var/tmp")  # noqa: S108 - survives a reboot; the folder below is checked


def unprivileged() -> int | None:
    """The user id for a server that refuses root; nothing when we are not root."""
    return NOBODY if os.getuid() == 0 else None


def give(path: Path, user: int | None) -> None:
    """Hand *path* to *user*."""
    if user is not None:
        os.chown(path, user, user)


def enterable(folder: Path, user: int | None) -> Path:
    """*folder*, or a folder of ours that *user* can enter when a private home is in the way."""
    if user is None or reaches(user, folder):
        return folder
    name = sha256(os.fsencode(folder.resolve())).hexdigest()[:16]
    place = ELSEWHERE / f"pinakes-{name}"
    place.mkdir(mode=OPEN_TO_ALL, exist_ok=True)
    if place.is_symlink() or place.stat().st_uid != os.getuid():
        raise NotStarted(f"{place} belongs to somebody else; choose another --data")
    return place


def reaches(user: int, path: Path) -> bool:
    """Whether *user* may pass every folder on the way to *path*, and *path* itself."""
    return all(_passable(user, step.stat()) for step in [path.resolve(), *path.resolve().parents])


def _passable(user: int, step: os.stat_result) -> bool:
    return bool(step.st_mode & (stat.S_IXUSR if step.st_uid == user else stat.S_IXOTH))
