"""Records of MARC written line by line, as a cataloguer reads them."""

from collections.abc import Iterable
from io import BytesIO
from pathlib import Path

import pytest

from pinakes.tenants.catalogue.marc import Broken, Dialect, Found, Record, read

DATA = Path(__file__).parents[2] / "shared" / "data"


def iso(*lines: str, leader: str = "nam a i ", encoding: str = "utf-8") -> bytes:
    """A record out of lines such as ``245 10 $aTitle /$cName`` and ``001 123``.

    *leader* is its positions 5 to 9 and 17 to 19.
    """
    directory, body = "", b""
    for line in lines:
        part = text(line).encode(encoding) + b"\x1e"
        directory += f"{line[:3]}{len(part):04d}{len(body):05d}"
        body += part
    base = 24 + len(directory) + 1
    head = f"{base + len(body) + 1:05d}{leader[:5]}22{base:05d}{leader[5:]}4500"
    return f"{head}{directory}\x1e".encode() + body + b"\x1d"


def text(line: str) -> str:
    """The text of a field: indicators (``_`` is a blank) and subfields, or plain data."""
    if "$" not in line:
        return line[4:]
    indicators, _, rest = line[4:].partition("$")
    return indicators.strip().replace("_", " ").ljust(2)[:2] + "\x1f" + rest.replace("$", "\x1f")


def found(data: bytes, dialect: Dialect | None = None, encoding: str | None = None) -> list[Found]:
    return list(read(BytesIO(data), dialect=dialect, encoding=encoding))


def one(*lines: str, leader: str = "nam a i ", dialect: Dialect | None = None) -> Record:
    """The only record of a file with only this record."""
    (record,) = found(iso(*lines, leader=leader), dialect)
    assert isinstance(record, Record)
    return record


def reasons(pieces: Iterable[Found]) -> list[str]:
    """What became of each piece: its reason, or ``record``."""
    return [piece.reason if isinstance(piece, Broken) else "record" for piece in pieces]


def data_file(name: str) -> Path:
    """A file of the shared test data; the test is skipped where there is none."""
    path = DATA / name
    if not path.exists():
        pytest.skip(f"{path} is not on this machine")
    return path
