"""Records on their way out: as they came where that is sound, else written anew."""

import re
from functools import lru_cache
from typing import Literal, NamedTuple
from xml.sax.saxutils import escape, quoteattr

from pinakes.tenants.catalogue.marc import iso2709, marcxml
from pinakes.tenants.catalogue.marc.directory import Unreadable, walk
from pinakes.tenants.catalogue.marc.framing import Piece
from pinakes.tenants.catalogue.marc.iso2709 import Told
from pinakes.tenants.catalogue.marc.record import (
    CONTROL_TAGS,
    SUBFIELD,
    Broken,
    Dialect,
    Field,
    Found,
    Record,
)

LONGEST = 99_999  # bytes of an ISO 2709 record
LONGEST_FIELD = 9_999
LEADER = 24
INDICATORS = 2
UNICODE = ("utf-8", "ascii")
IN_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
XML_HEAD = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n<collection xmlns="http://www.loc.gov/MARC21/slim">\n'
)
XML_TAIL = b"</collection>\n"


class Written(NamedTuple):
    """A record's bytes, and what was wrong with it.

    *overlong*: longer than ISO 2709 can say; *altered*: not to be said in XML without a change;
    *unreadable*: not readable again.
    """

    raw: bytes
    trouble: Literal["", "overlong", "altered", "unreadable"] = ""


def again(raw: bytes, dialect: Dialect | None, encoding: str | None) -> Found:
    """A record's bytes read once more, in the dialect and character set that are known by now."""
    piece, told = Piece(0, raw), Told(dialect, None if encoding == "ascii" else encoding)
    if raw.lstrip()[:1] == b"<":
        return marcxml.found(piece, 1, told)
    return iso2709.found(piece, 1, told)


def as_iso2709(raw: bytes, dialect: Dialect, encoding: str, *, kept: bool) -> Written:
    """ISO 2709: the very bytes that came when *kept* and they are sound, else written in UTF-8."""
    if kept and _is_sound(raw):
        return Written(raw)
    found = again(raw, dialect, encoding)
    return Written(raw, "unreadable") if isinstance(found, Broken) else iso2709_of(found)


def as_marcxml(raw: bytes, dialect: Dialect, encoding: str) -> Written:
    """A record element of MARCXML."""
    found = again(raw, dialect, encoding)
    return Written(b"", "unreadable") if isinstance(found, Broken) else marcxml_of(found)


def _is_sound(raw: bytes) -> bool:
    """Whether any reader gets the same out of these bytes."""
    try:
        return raw[:1].isdigit() and not walk(raw).repairs
    except Unreadable:
        return False


def iso2709_of(record: Record) -> Written:
    """The record in UTF-8, its leader and coded field saying so."""
    parts = [_unicode(record, field).encode() + b"\x1e" for field in record.fields]
    directory, start = "", 0
    for (tag, _), part in zip(record.fields, parts, strict=True):
        directory += f"{tag}{min(len(part), LONGEST_FIELD):04}{start % 100_000:05}"
        start += len(part)
    base = LEADER + len(directory) + 1
    whole = base + start + 1
    leader = _leader(record, f"{min(whole, LONGEST):05}", f"{min(base, LONGEST):05}")
    too_long = whole > LONGEST or any(len(part) > LONGEST_FIELD for part in parts)
    raw = f"{leader}{directory}\x1e".encode() + b"".join(parts) + b"\x1d"
    return Written(raw, "overlong" if too_long else "")


def _leader(record: Record, length: str, base: str) -> str:
    """The record's own leader, with what depends on the packing put right."""
    old = "".join(sign if " " <= sign <= "~" else " " for sign in record.leader).ljust(LEADER)
    unicode = "a" if record.dialect is Dialect.MARC21 else old[9]
    return f"{length}{old[5:9]}{unicode}22{base}{old[17:20]}4500"


def _unicode(record: Record, field: Field) -> str:
    """The field's text; UNIMARC's coded field says that it is Unicode."""
    tag, text = field
    if tag != "100" or record.dialect is not Dialect.UNIMARC or record.encoding in UNICODE:
        return text
    head, found, rest = text.partition("\x1fa")
    if len(rest.partition(SUBFIELD)[0]) < 30:  # noqa: PLR2004 (it does not reach to the sets)
        return text
    return f"{head}{found}{rest[:26]}50  {rest[30:]}"


def marcxml_of(record: Record) -> Written:
    """The record as an element of MARCXML; a control character that XML has not becomes a blank."""
    leader = (record.leader.ljust(LEADER)[:9], record.leader.ljust(LEADER)[10:LEADER])
    unicode = "a" if record.dialect is Dialect.MARC21 else record.leader.ljust(LEADER)[9]
    lines = [f"<leader>{_plain(unicode.join(leader))}</leader>"]
    lines += [_field(tag, text) for tag, text in record.fields]
    altered = any(not _fits_xml(tag, text) for tag, text in record.fields)
    text = "<record>\n  {}\n</record>\n".format("\n  ".join(lines))
    return Written(text.encode(), "altered" if altered else "")


def _fits_xml(tag: str, text: str) -> bool:
    """Whether the field comes out of XML as it goes in."""
    first, *parts = text.split(SUBFIELD)
    whole = "".join((tag, first, *parts))
    if not whole.isprintable() and IN_NO_XML.search(whole):
        return False
    if tag in CONTROL_TAGS:
        return not parts
    return all(parts) and (not parts or len(first) == INDICATORS)


def _field(tag: str, text: str) -> str:
    if tag in CONTROL_TAGS or SUBFIELD not in text:
        return f"<controlfield tag={_attribute(tag)}>{_plain(text)}</controlfield>"
    first, *parts = text.split(SUBFIELD)
    indicators = f"ind1={_attribute(first[:1])} ind2={_attribute(first[1:2])}"
    coded = [part for part in ([f" {first[2:]}"] if first[2:] else []) + parts if part]
    inside = "".join(
        f"<subfield code={_attribute(part[0])}>{_plain(part[1:])}</subfield>" for part in coded
    )
    return f"<datafield tag={_attribute(tag)} {indicators}>{inside}</datafield>"


@lru_cache(maxsize=10_000)
def _attribute(letters: str) -> str:
    """A tag, an indicator or a code, with its quotation marks."""
    return quoteattr(IN_NO_XML.sub(" ", letters) or " ")


def _plain(text: str) -> str:
    if not text.isprintable():
        text = IN_NO_XML.sub(" ", text).replace("\r", "\x00")
    return escape(text).replace("\x00", "&#13;")
