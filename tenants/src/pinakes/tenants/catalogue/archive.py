"""An archive that a branch has taken along is read when all of it is as it was packed."""

import hashlib
import re
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO, Annotated, BinaryIO
from zipfile import BadZipFile, ZipFile

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from pinakes.platform.belongings import AT_ONCE, Line
from pinakes.platform.errors import BadRequest
from pinakes.platform.jobs import JobCancelled
from pinakes.tenants.catalogue.batches import BYTES
from pinakes.tenants.catalogue.leaflet import README
from pinakes.tenants.catalogue.marc import Dialect
from pinakes.tenants.catalogue.marc.framing import LIMIT
from pinakes.tenants.catalogue.marc.reading import UnknownEncoding, known_encoding
from pinakes.tenants.catalogue.schemas import Word
from pinakes.tenants.catalogue.takeout import MANIFEST, VERSION, Manifest
from pinakes.tenants.catalogue.unpacking import PIECE, Sips, trouble

UNCHANGED = "Upload the ZIP that `catalogue takeout` has made, unchanged."
LINE = 8 << 20  # bytes of a line: the longest record in Base64, and what is said of it
BESIDE = {"titles.jsonl": "titles.mrc", "authorities.jsonl": "authorities.mrc"}
NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")  # as JSON writes what no text of ours may hold
WRONG = (  # in what others have written
    KeyError, TypeError, ValueError, msgspec.MsgspecError, UnknownEncoding,
    BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, OSError,
)  # fmt: skip

type Sized = tuple[Line, int]
"""A line, and the bytes that it takes."""


class NoTakeout(BadRequest):
    code = "no_takeout"
    title = "This is no archive that a branch has taken along"


class Mark(Struct):
    """What stands in the line beside a record. One written anew in UTF-8 may be longer."""

    key: str
    dialect: Dialect
    encoding: Word
    size: Annotated[int, Meta(ge=0, le=2 * LIMIT)]
    came: Annotated[bytes, Meta(max_length=LIMIT)] | UnsetType = UNSET
    suppressed: bool | UnsetType = UNSET
    withdrawn: bool | UnsetType = UNSET


MARK = msgspec.json.Decoder(Mark)
PLAIN = msgspec.json.Decoder(dict[str, str | bool | int | list[str] | None])
"""Words, and lists of words: nothing that takes far more room than it has on its line."""


def opened(file: BinaryIO, coming: Iterable[str]) -> tuple[ZipFile, Manifest]:
    """The archive and what it holds, told by its lists alone; or NoTakeout.

    *coming* are the files with lines that are to be brought in. What is in them is looked at by
    ``digest`` and ``rows_of``.
    """
    try:
        archive = ZipFile(Sips(file))
        if amiss := trouble(archive):
            raise NoTakeout(f"{amiss} {UNCHANGED}")
        with archive.open(MANIFEST) as inside:
            manifest = msgspec.json.decode(inside.read(PIECE), type=Manifest)
    except WRONG as error:
        raise NoTakeout(UNCHANGED) from error
    if manifest.version != VERSION:
        raise NoTakeout(f"It is of version {manifest.version}; this Pinakes reads {VERSION}.")
    if amiss := misnamed(archive, manifest, {*coming, *BESIDE.values()}):
        raise NoTakeout(f"{amiss} {UNCHANGED}")
    return archive, manifest


def misnamed(archive: ZipFile, manifest: Manifest, needed: set[str]) -> str:
    """Which file is missing, or told of nowhere, in a sentence; empty when all are there."""
    there, told = set(archive.namelist()), set(manifest.files)
    if missing := sorted((needed | told) - (there & told)):
        return f"{missing[0]} is missing, or missing in its manifest."
    if strange := sorted(there - told - {README, MANIFEST}):
        return f"{strange[0]} is not in its manifest."
    return ""


def as_packed[T](file: Path, told: Mapping[str, T]) -> Iterator[tuple[str, T]]:
    """What is *told* of the files of an archive, in their order there."""
    with ZipFile(file) as archive:
        for name in archive.namelist():
            if name in told:
                yield name, told[name]


def digest(archive: ZipFile, name: str, stopped: Callable[[], bool]) -> str:
    """SHA-256 of a file of the archive.

    Raises:
        NoTakeout: it cannot be unpacked.
        JobCancelled: *stopped* has become true meanwhile.
    """
    found = hashlib.sha256()
    try:
        with archive.open(name) as inside:
            while piece := inside.read(PIECE):
                if stopped():
                    raise JobCancelled
                found.update(piece)
    except WRONG as error:
        raise NoTakeout(f"{name} cannot be unpacked. Fetch the archive again.") from error
    return found.hexdigest()


def portions(lines: Iterator[Sized]) -> Iterator[list[Line]]:
    """Some lines at a time, fewer of large ones."""
    portion, size = list[Line](), 0
    for line, taken in lines:
        portion.append(line)
        size += taken
        if len(portion) >= AT_ONCE or size >= BYTES:
            yield portion
            portion, size = [], 0
    if portion:
        yield portion


def rows_of(archive: ZipFile, name: str) -> Iterator[Sized]:
    """The lines of a file; those that stand beside a file of records each with its bytes, ``raw``.

    Raises:
        NoTakeout: a line is none of ours.
    """
    try:
        with archive.open(name) as lines, archive.open(BESIDE.get(name, name)) as records:
            while line := lines.readline(LINE):
                if b"\\u0000" in line and NUL.search(line):
                    raise ValueError("no text may hold this")
                row: Line = marked(line, records) if name in BESIDE else PLAIN.decode(line)
                yield row, len(line) + len(row.get("raw", ""))
    except WRONG as error:
        raise NoTakeout(f"A line of {name} cannot be read.") from error


def marked(line: bytes, records: IO[bytes]) -> Line:
    """What is said of the next of *records*, and its bytes as they came."""
    mark = MARK.decode(line)
    known_encoding(mark.encoding)
    if (mark.suppressed is UNSET) is not (mark.withdrawn is UNSET):
        raise ValueError("only one of two marks")
    raw = records.read(mark.size)
    if len(raw) < mark.size:
        raise EOFError("fewer bytes than told")
    said = msgspec.structs.asdict(mark) | {"dialect": mark.dialect.value}
    said["raw"] = raw if mark.came is UNSET else mark.came
    return {name: value for name, value in said.items() if value is not UNSET}
