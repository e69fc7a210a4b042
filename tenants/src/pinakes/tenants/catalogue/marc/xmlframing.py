"""Where each record element of a MARCXML file begins and ends, found by its tags."""

import re
from collections.abc import Iterator
from itertools import pairwise

from pinakes.tenants.catalogue.marc.framing import LIMIT, Piece
from pinakes.tenants.catalogue.marc.source import Source
from pinakes.tenants.catalogue.marc.xmlhidden import masked

OPEN = re.compile(rb"<(?:[\w.-]+:)?record(?=[\s/>])")
CLOSE = re.compile(rb"</(?:[\w.-]+:)?record\s*>")
CONTENT = re.compile(rb"</?(?:[\w.-]+:)?(?:leader|controlfield|datafield)[\s/>]")
LONGEST_MARK = 64


def pieces(stream: Source) -> Iterator[Piece]:
    """Each record element; one that is never closed comes with a reason.

    A wrapper that is itself called record (SRU, OAI-PMH) is passed over: the innermost counts.
    """
    for offset, segment, seen in _segments(stream):
        yield from _elements(offset, segment, seen)


def _segments(stream: Source) -> Iterator[tuple[int, bytes, bytes]]:
    """Every range up to and with the end tag of a record, and the rest; none above LIMIT.

    Each as it is and as *masked* shows it: what looks like an end tag in a comment is none.
    """
    offset, buffer, seen, looked = 0, b"", b"", 0
    for raw, shown in masked(stream):
        buffer, seen, cut = buffer + raw, seen + shown, 0
        for tag in CLOSE.finditer(seen, looked):
            while cut < tag.end():
                end = min(tag.end(), cut + LIMIT)
                yield offset + cut, buffer[cut:end], seen[cut:end]
                cut = end
        while len(buffer) - cut > LIMIT:
            yield offset + cut, buffer[cut : cut + LIMIT], seen[cut : cut + LIMIT]
            cut += LIMIT
        offset, buffer, seen = offset + cut, buffer[cut:], seen[cut:]
        looked = max(len(seen) - LONGEST_MARK, 0)
    if buffer:
        yield offset, buffer, seen


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
