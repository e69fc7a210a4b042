"""Where each record element of a MARCXML file begins and ends, found by its tags."""

import re
from collections.abc import Iterator
from itertools import pairwise

from pinakes.tenants.catalogue.marc.framing import CHUNK, LIMIT, Piece
from pinakes.tenants.catalogue.marc.source import Source

OPEN = re.compile(rb"<(?:[\w.-]+:)?record(?=[\s/>])")
CLOSE = re.compile(rb"</(?:[\w.-]+:)?record\s*>")
CONTENT = re.compile(rb"</?(?:[\w.-]+:)?(?:leader|controlfield|datafield)[\s/>]")
HIDDEN = re.compile(rb"<!--.*?(?:-->|(\Z))|<!\[CDATA\[.*?(?:\]\]>|(\Z))", re.DOTALL)
LONGEST_CLOSE = 64


def pieces(stream: Source) -> Iterator[Piece]:
    """Each record element; one that is never closed comes with a reason.

    A wrapper that is itself called record (SRU, OAI-PMH) is passed over: the innermost counts.
    """
    offset, held = 0, b""
    for start, segment in _segments(stream):
        offset, held = (offset, held + segment) if held else (start, segment)
        seen = HIDDEN.sub(_masked, held) if b"<!" in held else held
        if _is_hiding(held) and len(held) < LIMIT:
            continue
        yield from _elements(offset, held, seen)
        held = b""
    yield from _elements(offset, held, held) if held else ()


def _segments(stream: Source) -> Iterator[tuple[int, bytes]]:
    """Every range up to and with the end tag of a record, and the rest; none above LIMIT."""
    offset, buffer = 0, b""
    while chunk := stream.read(CHUNK):
        seen = max(0, len(buffer) - LONGEST_CLOSE)
        buffer, cut = buffer + chunk, 0
        for close in CLOSE.finditer(buffer, seen):
            yield offset + cut, buffer[cut : close.end()]
            cut = close.end()
        offset, buffer = offset + cut, buffer[cut:]
        while len(buffer) > LIMIT:
            yield offset, buffer[:LIMIT]
            offset, buffer = offset + LIMIT, buffer[LIMIT:]
    if buffer:
        yield offset, buffer


def _elements(offset: int, segment: bytes, seen: bytes) -> Iterator[Piece]:
    """The element that ends this segment, after whatever was left open in front of it."""
    opens = [found.start() for found in OPEN.finditer(seen)]
    last = opens[-1] if opens else 0
    for start, end in pairwise([0, *opens]):
        if CONTENT.search(seen, start, end):
            yield Piece(offset + start, segment[start:end], "xml_malformed")
    if opens and CLOSE.search(seen, last):
        yield Piece(offset + last, segment[last:])
    elif CONTENT.search(seen, last):
        yield Piece(offset + last, segment[last:], _unfinished(seen))


def _unfinished(segment: bytes) -> str:
    """Why this is no whole element: it went on for too long, or its beginning or end is missing."""
    if len(segment) >= LIMIT:
        return "too_long"
    return "xml_malformed" if CLOSE.search(segment) else "cut_off"


def _masked(hidden: re.Match[bytes]) -> bytes:
    return b" " * len(hidden[0])


def _is_hiding(segment: bytes) -> bool:
    """True while a comment or a CDATA section is still open at the end."""
    return b"<!" in segment and any(
        found[1] is not None or found[2] is not None for found in HIDDEN.finditer(segment)
    )
