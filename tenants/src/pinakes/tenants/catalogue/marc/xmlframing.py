"""Where each record element of a MARCXML file begins and ends, found by its tags."""

import re
from collections.abc import Iterator
from itertools import pairwise

from pinakes.tenants.catalogue.marc.framing import CHUNK, LIMIT, Piece
from pinakes.tenants.catalogue.marc.source import Source

OPEN = re.compile(rb"<(?:[\w.-]+:)?record(?=[\s/>])")
CLOSE = re.compile(rb"</(?:[\w.-]+:)?record\s*>")
CONTENT = re.compile(rb"</?(?:[\w.-]+:)?(?:leader|controlfield|datafield)[\s/>]")
HIDDEN = re.compile(rb"<!--.*?(?:-->|\Z)|<!\[CDATA\[.*?(?:\]\]>|\Z)", re.DOTALL)
MARK = re.compile(CLOSE.pattern + rb"|<!--|-->|<!\[CDATA\[|\]\]>")
CLOSERS = {b"<!--": b"-->", b"<![CDATA[": b"]]>"}
LONGEST_MARK = 64


def pieces(stream: Source) -> Iterator[Piece]:
    """Each record element; one that is never closed comes with a reason.

    A wrapper that is itself called record (SRU, OAI-PMH) is passed over: the innermost counts.
    """
    for offset, segment in _segments(stream):
        yield from _elements(offset, segment, HIDDEN.sub(_masked, segment))


def _segments(stream: Source) -> Iterator[tuple[int, bytes]]:
    """Every range up to and with the end tag of a record, and the rest; none above LIMIT.

    What looks like an end tag in a comment or in a CDATA section is none.
    """
    offset, buffer, seen, closer = 0, b"", 0, b""
    while chunk := stream.read(CHUNK):
        buffer, cut = buffer + chunk, 0
        for mark in MARK.finditer(buffer, seen):
            seen = mark.end()
            if closer:
                closer = b"" if mark[0] == closer else closer
            elif mark[0] in CLOSERS:
                closer = CLOSERS[mark[0]]
            elif mark[0][:2] == b"</":
                yield offset + cut, buffer[cut:seen]
                cut = seen
        offset, buffer = offset + cut, buffer[cut:]
        seen = max(seen - cut, len(buffer) - LONGEST_MARK, 0)
        while len(buffer) > LIMIT:
            yield offset, buffer[:LIMIT]
            offset, buffer, seen, closer = offset + LIMIT, buffer[LIMIT:], 0, b""
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
