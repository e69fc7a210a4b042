"""MARC-8, the character set of MARC 21 before Unicode; refuses what it cannot read for certain.

Tables: pymarc, after the Library of Congress. Rules: "MARC 21 Specifications, Character Sets and
Encoding Options, Part 2" (LC, 2007).
"""

import re
import unicodedata
from codecs import charmap_decode
from collections.abc import Iterator
from typing import Any, cast

from pymarc.marc8_mapping import CODESETS, ODD_MAP

ASCII, ANSEL, EAST_ASIAN = 0x42, 0x45, 0x31
Table = dict[int, tuple[str, bool]]
Value = tuple[str, bool]

TABLES: dict[int, Table] = {
    final: {
        (code if final == EAST_ASIAN else code & 0x7F): (chr(point), bool(combining))
        for code, (point, combining) in codes.items()
    }
    for final, codes in CODESETS.items()
}
TABLES[EAST_ASIAN] |= {code: (chr(point), False) for code, point in ODD_MAP.items()}

SHIFT = re.compile(rb"\x1b(?:([gbps])|(\$[,)-]?|[(,)-]|)(!?[1-4BENQS]))")
SHORT = {b"s": ASCII, b"g": 0x67, b"b": 0x62, b"p": 0x70}
ALLOWED = (9, 10, 13, *range(0x1D, 0x7F))
UNDEFINED = "\ufffe"  # what charmap_decode refuses
USUAL = "".join(chr(code) if code in ALLOWED else UNDEFINED for code in range(128)) + "".join(
    TABLES[ANSEL].get(code, (UNDEFINED, False))[0] for code in range(128)
)
ODD_CODE = re.compile(rb"\x1f[\x80-\xff]")  # no subfield is called so in MARC 21
MARK = re.compile(rb"[\xe0-\xfe]")
MARKED = re.compile(rb"([\xe0-\xfe]+)([^\x1d-\x1f])")
STRAY_BYTE = re.compile(rb"[\xe0-\xfe](?![A-Za-z0-9\x80-\xff])")
STRAY = re.compile(r"(?<![\w\u0300-\u036f\ufe20-\ufe23])[\u0300-\u036f\ufe20-\ufe23]")
VALUE = re.compile("[^\x1d-\x1f]+")
CARELESS = 0.2  # the share of marks that typing errors may put before a blank
PLAIN = b"\t\n\r "


class NotMarc8(ValueError):
    """The bytes are something else, or damaged."""


def decode(body: bytes) -> str:
    """The text of a whole record, composed (NFC); each subfield begins in the usual sets.

    Raises:
        NotMarc8: a byte has no meaning, or too many marks sit on no letter.
    """
    if ODD_CODE.search(body):
        raise NotMarc8("a subfield with an odd name")
    shifts = b"\x1b" in body
    text = VALUE.sub(_shifted, body.decode("latin-1")) if shifts else _usual(body)
    strays = STRAY.findall(text) if shifts else STRAY_BYTE.findall(body)
    if len(strays) > len(MARK.findall(body)) * CARELESS:
        raise NotMarc8("marks without letters")
    return unicodedata.normalize("NFC", text)


def _usual(body: bytes) -> str:
    """Latin letters, their marks moved behind them."""
    try:
        return charmap_decode(MARKED.sub(rb"\2\1", body), "strict", cast("Any", USUAL))[0]
    except UnicodeDecodeError as error:
        raise NotMarc8(str(error)) from None


def _shifted(value: re.Match[str]) -> str:
    """One subfield, which may shift to other sets."""
    if value[0].isascii() and "\x1b" not in value[0]:
        return value[0]
    letters: list[str] = []
    marks: list[str] = []
    for character, combining in _characters(value[0].encode("latin-1")):
        if combining:
            marks.append(character)
        else:
            letters += character, *marks
            marks.clear()
    if marks:
        raise NotMarc8("a mark without a letter")
    return "".join(letters)


def _characters(value: bytes) -> Iterator[Value]:
    """Each character, and whether it sits on the one that follows."""
    low, high, start = ASCII, ANSEL, 0
    while start < len(value):
        shift = SHIFT.match(value, start)
        if shift:
            final = SHORT[shift[1]] if shift[1] else shift[3][-1]
            if shift[2] and shift[2][-1:] in (b")", b"-"):
                high = final
            else:
                low = final
            start = shift.end()
            continue
        end = value.find(b"\x1b", start)
        if end == start:
            raise NotMarc8("an escape that means nothing")
        end = len(value) if end < 0 else end
        yield from _run(value[start:end], low, high)
        start = end


def _run(run: bytes, low: int, high: int) -> Iterator[Value]:
    """The characters between two escapes."""
    at = 0
    while at < len(run):
        byte = run[at]
        final = high if byte & 0x80 else low
        if byte in PLAIN:
            yield chr(byte), False
            at += 1
            continue
        width = 3 if final == EAST_ASIAN else 1
        code = int.from_bytes(run[at : at + width]) & (0x7F7F7F if width > 1 else 0x7F)
        try:
            yield TABLES[final][code]
        except KeyError:
            raise NotMarc8(f"no character {code:#x}") from None
        at += width
