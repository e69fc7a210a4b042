"""Where each ISO 2709 record begins and ends: found by its terminator, whatever its length says."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from pinakes.tenants.catalogue.marc.source import Source

END = b"\x1d"
LIMIT = 5_000_000
KEPT = 1 << 16  # bytes of a piece above LIMIT that are set aside
CHUNK = 1 << 20
FILLER = b"\r\n\t\x00\x1a"
LEADER = re.compile(rb"[0-9]{5}[\x20-\x7e]{5}[0-9 ]{2}[0-9]{5}[\x20-\x7e]{3}4[0-9 ]")
DIRECTORY_END = re.compile(rb"[0-9A-Za-z]{3}[0-9]{9}(?=\x1e)")


class Piece(NamedTuple):
    """Bytes that look like one record, or (with a reason) like none."""

    offset: int
    raw: bytes
    reason: str = ""


def pieces(stream: Source) -> Iterator[Piece]:
    """Cut a stream at its record terminators; what lies astray between records comes by itself."""
    for offset, raw in _cut(stream):
        if raw[:5].isdigit() and int(raw[:5]) == len(raw):
            yield Piece(offset, raw)
        else:
            yield from _resynchronised(offset, raw)


def _cut(stream: Source) -> Iterator[tuple[int, bytes]]:
    """Every range up to and with a terminator; the last may lack it. None is above LIMIT."""
    offset, rest = 0, b""
    while chunk := stream.read(CHUNK):
        *whole, rest = (rest + chunk).split(END)
        for part in whole:
            yield offset, part + END
            offset += len(part) + 1
        while len(rest) > LIMIT:
            yield offset, rest[:LIMIT]
            offset, rest = offset + LIMIT, rest[LIMIT:]
    if rest:
        yield offset, rest


def _resynchronised(offset: int, raw: bytes) -> Iterator[Piece]:
    """Drop filler before a record, and part a good record from the remains in front of it."""
    trimmed = _trimmed(raw)
    if trimmed in (b"", END):
        return
    offset += len(raw) - len(trimmed)
    if len(trimmed) >= LIMIT:
        yield Piece(offset, trimmed, "too_long")
        return
    start = _inner_record(trimmed)
    if start > 0:
        remains = trimmed[:start]
        reason = "truncated" if LEADER.match(remains) else "stray_bytes"
        yield Piece(offset, remains, reason)
    yield Piece(offset + start, trimmed[start:])


def _trimmed(raw: bytes) -> bytes:
    """Without filler in front; blanks go too unless they are the leader's own."""
    trimmed = raw.removeprefix(b"\xef\xbb\xbf").lstrip(FILLER)
    if trimmed[:1] == b" " and not trimmed[12:17].isdigit():
        return trimmed.lstrip(FILLER + b" ")
    return trimmed


def _inner_record(raw: bytes) -> int:
    """Where a record starts whose stated length ends exactly at the end of *raw*; 0 if nowhere.

    A length may fit by chance; then the one counts whose data begins where it says.
    """
    starts = [found.start() for found in LEADER.finditer(raw)]
    fitting = [at for at in starts if int(raw[at : at + 5]) == len(raw) - at]
    return next((at for at in fitting if _has_base(raw, at)), fitting[0] if fitting else 0)


def _has_base(raw: bytes, start: int) -> bool:
    base = start + int(raw[start + 12 : start + 17])
    return raw[base - 1 : base] == b"\x1e"
