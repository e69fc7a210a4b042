"""A file of MARC, in whatever form it comes, as a stream of records and broken pieces."""

import codecs
import re
from collections.abc import Iterator
from itertools import count
from typing import BinaryIO

from pinakes.platform.errors import Problem
from pinakes.tenants.catalogue.marc import framing, iso2709, marcxml, xmlframing
from pinakes.tenants.catalogue.marc.iso2709 import Told
from pinakes.tenants.catalogue.marc.record import Broken, Dialect, Found
from pinakes.tenants.catalogue.marc.source import Source, opened

HEAD = 1 << 20
XML_ROOT = re.compile(rb"<(?:[\w.-]+:)?(?:leader|controlfield|datafield|collection)[\s/>]")
XML_ENCODING = re.compile(rb"<\?xml[^>]*?encoding=[\"']([\w.-]+)[\"']")


NO_CHARACTERS = frozenset(  # what Python knows besides character sets
    {"idna", "punycode", "unicode-escape", "raw-unicode-escape", "utf-7"}
)


class UnknownFormat(Problem):
    code = "unknown_format"
    title = "This file holds no MARC"


class UnknownEncoding(Problem):
    code = "unknown_encoding"
    title = "There is no such character set"


def read(
    stream: BinaryIO, *, dialect: Dialect | None = None, encoding: str | None = None
) -> Iterator[Found]:
    """Everything in the file, in order: what can be read and what cannot.

    Args:
        stream: ISO 2709 or MARCXML, packed with gzip or not, from its beginning.
        dialect: what the records speak; judged record by record without it.
        encoding: the character set (Python's name, or marc-8) of what is not Unicode.

    Raises:
        UnknownEncoding: at once.
        UnknownFormat: at once, when nothing here is MARC.
    """
    told = Told(dialect, known_encoding(encoding))
    source = opened(stream)
    head = source.peek(HEAD)
    if head.removeprefix(codecs.BOM_UTF8).lstrip().startswith(b"<") and XML_ROOT.search(head):
        return _xml(source, head, told)
    if framing.DIRECTORY_END.search(head) or (b"\x1e" in head and framing.LEADER.search(head)):
        return _iso2709(source, told)
    raise UnknownFormat(
        "This is neither ISO 2709 nor MARCXML. Export the catalogue from your system as "
        "MARC (ISO 2709, .mrc or .iso) or MARCXML and send that file."
    )


def _iso2709(source: Source, told: Told) -> Iterator[Found]:
    ordinals = count(1)
    for piece in framing.pieces(source):
        yield iso2709.found(piece, next(ordinals), told)
    if source.damaged:
        yield Broken(b"", source.position, next(ordinals), "archive_damaged")


def _xml(source: Source, head: bytes, told: Told) -> Iterator[Found]:
    declared = XML_ENCODING.search(head[:200])
    name = told.encoding or (known_encoding(declared[1].decode()) if declared else None)
    told, ordinals = Told(told.dialect, name), count(1)
    for piece in xmlframing.pieces(source):
        yield marcxml.found(piece, next(ordinals), told)
    if source.damaged:
        yield Broken(b"", source.position, next(ordinals), "archive_damaged")


def known_encoding(encoding: str | None) -> str | None:
    """The usual name of a character set."""
    if encoding is None or encoding == "marc-8":
        return encoding
    try:
        name = codecs.lookup(encoding).name
        if name.startswith("utf-16"):
            return "utf-8"  # turned already
        b"a".decode("undefined" if name in NO_CHARACTERS else name)
    except (LookupError, ValueError):
        raise UnknownEncoding(f"Nobody here knows the character set {encoding!r}.") from None
    return "gb18030" if name in ("gbk", "gb2312") else name.replace("cp125", "windows-125")
