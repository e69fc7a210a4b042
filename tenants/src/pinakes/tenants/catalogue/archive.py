"""An archive that a branch has taken along is read when all of it is as it was packed."""

import hashlib
from base64 import b64decode
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import BinaryIO
from zipfile import BadZipFile, ZipFile

import msgspec

from pinakes.platform.belongings import AT_ONCE, Line
from pinakes.platform.errors import BadRequest
from pinakes.tenants.catalogue.batches import BYTES
from pinakes.tenants.catalogue.takeout import MANIFEST, VERSION, Manifest

LONGEST = 64 << 20  # bytes of a line or a record
MOST = 1 << 20  # bytes of a manifest
PIECE = 1 << 20
WRONG = (  # in what others have written
    KeyError, TypeError, ValueError, msgspec.MsgspecError,
    BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError,
)  # fmt: skip


class NoTakeout(BadRequest):
    code = "no_takeout"
    title = "This is no archive that a branch has taken along"


def opened(file: BinaryIO) -> tuple[ZipFile, Manifest]:
    """The archive and what it holds, when every file is as the manifest says; or NoTakeout."""
    try:
        archive = ZipFile(file)
        with archive.open(MANIFEST) as inside:
            manifest = msgspec.json.decode(inside.read(MOST), type=Manifest)
        damaged = [
            name for name, one in manifest.files.items() if digest(archive, name) != one.sha256
        ]
    except WRONG as error:
        raise NoTakeout("Upload the ZIP that `catalogue takeout` has made, unchanged.") from error
    if manifest.version != VERSION:
        raise NoTakeout(f"It is of version {manifest.version}; this Pinakes reads {VERSION}.")
    if damaged:
        raise NoTakeout(f"Not as they were packed: {', '.join(damaged)}. Fetch the archive again.")
    return archive, manifest


def as_packed[T](file: Path, told: Mapping[str, T]) -> Iterator[tuple[str, T]]:
    """What is *told* of the files of an archive, in their order there."""
    with ZipFile(file) as archive:
        for name in archive.namelist():
            if name in told:
                yield name, told[name]


def digest(archive: ZipFile, name: str) -> str:
    """SHA-256 of a file of the archive."""
    found = hashlib.sha256()
    with archive.open(name) as inside:
        while piece := inside.read(PIECE):
            found.update(piece)
    return found.hexdigest()


def portions(lines: Iterator[Line]) -> Iterator[list[Line]]:
    """Some lines at a time, fewer of large records."""
    portion, size = list[Line](), 0
    for line in lines:
        portion.append(line)
        size += len(line.get("raw", b""))
        if len(portion) >= AT_ONCE or size >= BYTES:
            yield portion
            portion, size = [], 0
    if portion:
        yield portion


def rows_of(archive: ZipFile, name: str) -> Iterator[Line]:
    """The lines of a file, each with its number, ``line``.

    Those that stand beside a file of records come each with its bytes, ``raw``.

    Raises:
        NoTakeout: a line is none of ours.
    """
    records = name.replace(".jsonl", ".mrc")
    beside = records in archive.namelist()
    try:
        with archive.open(name) as lines, archive.open(records if beside else name) as bytes:
            for number, line in enumerate(iter(partial(lines.readline, LONGEST), b""), 1):
                row = msgspec.json.decode(line, type=dict[str, object]) | {"line": number}
                if beside:
                    raw = bytes.read(msgspec.convert(row["size"], int))
                    row["raw"] = b64decode(str(row["came"])) if "came" in row else raw
                yield row
    except WRONG as error:
        raise NoTakeout(f"A line of {name} cannot be read.") from error
