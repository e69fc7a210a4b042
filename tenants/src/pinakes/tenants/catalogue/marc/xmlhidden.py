"""What a MARCXML file hides in comments and in CDATA sections, where no tag is one."""

import re
from collections.abc import Iterator

from pinakes.tenants.catalogue.marc.framing import CHUNK, LIMIT
from pinakes.tenants.catalogue.marc.source import Source

OPENER = re.compile(rb"<!--|<!\[CDATA\[")
NEXT = {  # what decides on an opener: its closer, or the same opener once more
    b"<!--": re.compile(rb"-->|<!--"),
    b"<![CDATA[": re.compile(rb"\]\]>|<!\[CDATA\["),
}
SHORT = len(b"<![CDATA[") - 1  # bytes of an opener that may lie at the end of a chunk


def masked(stream: Source) -> Iterator[tuple[bytes, bytes]]:
    """The stream twice, in step: as it is, and with blanks for all that is hidden.

    An opener hides nothing when its closer comes neither within LIMIT, nor by the end of the
    file, nor before the next opener of its kind: the closer was forgotten.
    """
    held, looked, last = b"", 0, False
    while not last:
        chunk = stream.read(CHUNK)
        held, last = held + chunk, not chunk
        seen, looked = _settled(held, looked, last=last)
        if seen:
            yield held[: len(seen)], seen
        held = held[len(seen) :]


def _settled(held: bytes, looked: int, *, last: bool) -> tuple[bytes, int]:
    """As far as it can be told yet, *held* with blanks; how far the opener after it was followed.

    Two searches for the same kind never overlap, so that a flood of openers takes no time.
    """
    parts, done, at = list[bytes](), 0, 0
    while opener := OPENER.search(held, at):
        start, at = opener.span()
        found = NEXT[opener[0]].search(held, max(at, looked), start + LIMIT)
        if not (found or last) and len(held) < start + LIMIT:
            return b"".join((*parts, held[done:start])), len(held) - start - SHORT
        if found and found[0] != opener[0]:
            parts += held[done:start], b" " * (found.end() - start)
            done = at = found.end()
        looked = 0
    sure = len(held) if last else max(len(held) - SHORT, at)
    return b"".join((*parts, held[done:sure])), 0
