"""Copies from a spreadsheet (CSV): one line, one copy of a title that the catalogue has."""

import csv
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterator
from io import TextIOWrapper
from typing import Any, BinaryIO

import msgspec

from pinakes.platform.errors import Problem
from pinakes.platform.spreadsheet import undefused
from pinakes.tenants.catalogue.keys import isbn13
from pinakes.tenants.catalogue.marc.encodings import looks_chinese
from pinakes.tenants.catalogue.marc.tidying import plain
from pinakes.tenants.catalogue.marc.title import Item

HEADINGS = {
    "barcode": ("barcode", "条码", "条码号", "登录号", "财产号"),
    "control_number": ("control_number", "控制号", "记录号", "001"),
    "isbn": ("isbn",),
    "call_number": ("call_number", "索书号"),
    "location": ("location", "馆藏地", "馆藏地点"),
    "copy": ("copy", "复本", "复本号"),
    "kind": ("kind", "类型", "文献类型"),
    "status": ("status", "状态"),
    "price": ("price", "价格", "单价"),
}
MEANING = {heading: part for part, headings in HEADINGS.items() for heading in headings}
TITLE_PARTS = ("control_number", "isbn")
SAMPLE = 1 << 20
UNREAD = "\ufffd"  # in the place of bytes that the character set has not
LONGEST = 1 << 20  # characters of a line; what has more is no line of a table


class Line(msgspec.Struct, frozen=True, gc=False):
    """One line. ``isbn`` has 13 digits; ``reason`` says why nothing can be done with the line."""

    number: int
    item: Item
    control_number: str = ""
    isbn: str = ""
    reason: str = ""


class NoItems(Problem):
    code = "no_items"
    title = "This table holds no items"


class TableUnclear(Problem):
    code = "table_unclear"
    title = "The characters of this table cannot be read for certain"


def lines(stream: BinaryIO) -> Iterator[Line]:
    """Every line of a CSV in UTF-8, UTF-16 or GB18030, its headings in Chinese or English.

    Args:
        stream: from its beginning; it must be able to go back there.

    Raises:
        NoItems, TableUnclear: at once, when a heading is missing, or it is in another set.
    """
    text = TextIOWrapper(stream, _encoding(stream), newline="", errors="replace")
    rows = csv.reader(Whole(text), _dialect(text))
    parts = [MEANING.get(plain(heading).lower(), "") for heading in _headings(rows)]
    if "barcode" not in parts or not set(TITLE_PARTS) & set(parts):
        text.detach()  # the file is the caller's to close
        raise NoItems(
            "The first line must name the columns: barcode (条码号), and control_number (控制号) "
            "or isbn; then call_number (索书号), location (馆藏地), copy (复本号), kind (类型)."
        )
    return _lines(text, rows, parts)


class Whole:
    """The lines of a text; of one without end no more than LONGEST is ever held."""

    def __init__(self, text: TextIOWrapper) -> None:
        self._text = text

    def __iter__(self) -> "Whole":
        return self

    def __next__(self) -> str:
        line = piece = self._text.readline(LONGEST)
        if not line:
            raise StopIteration
        while len(piece) == LONGEST and piece[-1] not in "\r\n":
            piece = self._text.readline(LONGEST)
        if piece is not line:
            raise csv.Error("this line has no end")
        return line


def _headings(rows: Any) -> list[str]:
    try:
        return next(rows, list[str]())
    except csv.Error:
        return []


def _lines(text: TextIOWrapper, rows: Any, parts: list[str]) -> Iterator[Line]:
    while True:
        try:
            row = next(rows)
        except StopIteration:
            text.detach()
            return
        except csv.Error:
            yield Line(rows.line_num, Item(barcode=""), reason="line_unreadable")
            continue
        if any(row):
            yield _line(rows.line_num, dict(zip(parts, row, strict=False)))


def _line(number: int, row: dict[str, str]) -> Line:
    said = {part: plain(undefused(value)) for part, value in row.items() if part}
    control_number, written = said.pop("control_number", ""), said.pop("isbn", "")
    found = isbn13(written)
    item = Item(**{"barcode": "", **said})
    if any(UNREAD in value for value in row.values()):
        return Line(number, item, reason="encoding_unclear")
    return Line(number, item, control_number, found, _reason(item, control_number, written, found))


def _reason(item: Item, control_number: str, written: str, found: str) -> str:
    if not item.barcode:
        return "no_barcode"
    if control_number or found:
        return ""
    return "bad_isbn" if written else "no_title_named"


def _encoding(stream: BinaryIO) -> str:
    """UTF-16 or UTF-8, or else GB18030 if that makes Chinese of it; otherwise TableUnclear."""
    sample = stream.read(SAMPLE)
    stream.seek(0)
    if sample.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        return "utf-16"
    whole = sample[: sample.rfind(b"\n") + 1 or None]
    try:
        whole.decode("utf-8")
    except UnicodeDecodeError:
        if looks_chinese(whole.decode("gb18030", "replace")):
            return "gb18030"
        raise TableUnclear("Save the table as CSV in UTF-8, and send it again.") from None
    return "utf-8-sig"


def _dialect(text: TextIOWrapper) -> type[csv.Dialect]:
    """Comma, semicolon or tab: whichever the first line has most of."""
    first = text.readline(LONGEST)
    text.seek(0)
    mark = max(",;\t", key=first.count)

    class Found(csv.excel):
        delimiter = mark

    return Found
