"""Readers in a table: CSV in UTF-8 or GB18030, with Chinese or English headings. Pure."""

import csv
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from io import StringIO

from msgspec import UNSET, Struct, UnsetType

from pinakes.platform.errors import BadRequest
from pinakes.platform.spreadsheet import undefused
from pinakes.tenants.readers.numbers import tidy

MOST = 100_000  # lines
NAME, CONTACT = 200, 300  # characters
KIND = re.compile(r"[a-z0-9_-]{1,40}")
PIN = re.compile(r"[0-9]{6}")
DAY = re.compile(r"([0-9]{4})[-/.年]?([0-9]{1,2})[-/.月]?([0-9]{1,2})日?")
SEVERAL = re.compile(r"[;；|\s]+")  # between old barcodes

HEADINGS: Mapping[str, str] = {
    "读者证号": "card",
    "证号": "card",
    "姓名": "name",
    "读者类型": "kind",
    "出生日期": "born",
    "联系方式": "contact",
    "密码": "pin",
    "旧条码": "old_barcodes",
    "有效期": "expires",
}
COLUMNS = ("card", "name", "kind", "born", "contact", "pin", "old_barcodes", "expires")

REASONS: Mapping[str, tuple[str, str]] = {
    "card_missing": ("没有证号，也没有旧条码", "There is neither a card nor an old barcode"),
    "card_malformed": (
        "证号或旧条码须为 1 至 40 个可显示字符，且不含 @",
        "A card or old barcode has 1 to 40 printable characters, and no @",
    ),
    "card_of_another": (
        "此证号只能由另一馆发放",
        "Only another branch can issue this card number",
    ),
    "name_missing": ("没有姓名，或姓名超过 200 字", "The name is missing or longer than 200"),
    "kind_unknown": (
        "读者类型只能用小写字母、数字、- 和 _",
        "A kind of reader is written in small letters, digits, - and _",
    ),
    "day_malformed": ("日期应写作 2001-02-03", "A day is written like 2001-02-03"),
    "contact_too_long": ("联系方式超过 300 字", "The contact is longer than 300"),
    "pin_malformed": ("密码须为 6 位数字", "A PIN has 6 digits"),
    "cells_too_many": ("单元格多于表头", "There are more cells than headings"),
    "barcode_twice": ("前面的一行已有此条码", "A line above has the same barcode"),
    "barcodes_of_several": (
        "这些条码在本馆属于不同的读者",
        "These barcodes belong to different readers of this branch",
    ),
    "reader_is_visiting": (
        "此读者的所属馆不是本馆，须由所属馆修改",
        "This reader's home is another branch, which alone can change this",
    ),
}


class TableUnreadable(BadRequest):
    code = "table_unreadable"
    title = "This is no table of readers"


class LineRefused(Exception):
    """One line that cannot be taken in, for one of REASONS."""


class Row(Struct, kw_only=True):
    """One reader; what the table has no column for stays UNSET."""

    numbers: list[str]  # the card first, then old barcodes; without a card one is issued
    card: bool  # whether the first number is the card
    name: str
    kind: str | UnsetType = UNSET
    born: date | UnsetType | None = UNSET
    contact: str | UnsetType | None = UNSET
    expires: date | UnsetType | None = UNSET
    pin: str | None = None


class Line(Struct):
    """One line of the file, by its number there, with the reader in it or why there is none."""

    number: int
    row: Row | None = None
    reason: str | None = None


def read(data: bytes) -> list[Line]:
    """Every line below the headings; empty ones are none.

    Raises:
        TableUnreadable: the character set, the headings or the quotes are not in order.
    """
    reader = csv.reader(StringIO(decoded(data), newline=""), strict=True)
    try:
        columns = headings(next(reader, list[str]()))
        lines = list(told(reader, columns))
    except csv.Error as error:
        line = reader.line_num
        raise TableUnreadable(f"The quotes around line {line} are not in order.") from error
    return refuse_twins(lines)


def decoded(data: bytes) -> str:
    """The text of the file, whichever of three ways spreadsheets have written it."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings: Sequence[str] = ("utf-16",)
    else:
        encodings = ("utf-8-sig", "gb18030")
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" not in text:
            return text
    raise TableUnreadable("Save the table as CSV in UTF-8 or GB18030.")


def headings(cells: Sequence[str]) -> list[str]:
    """The columns by our names, in the order of the file."""
    said = [cell.strip() for cell in cells]
    columns = [HEADINGS.get(cell, cell.lower()) for cell in said]
    known = set(columns) <= set(COLUMNS) and len(set(columns)) == len(columns)
    if not known or not {"name"} < set(columns):
        raise TableUnreadable(
            f"The first line names the columns: {', '.join(COLUMNS)}; "
            "name and one of card and old_barcodes are needed."
        )
    return columns


def told(lines: Iterable[Sequence[str]], columns: Sequence[str]) -> Iterator[Line]:
    for number, cells in enumerate(lines, 2):
        if not any(cell.strip() for cell in cells):
            continue
        if number > MOST + 1:
            raise TableUnreadable(f"Send at most {MOST} lines at a time.")
        try:
            if any(cell.strip() for cell in cells[len(columns) :]):
                raise LineRefused("cells_too_many")
            yield Line(number, row(dict(zip(columns, map(undefused, cells), strict=False))))
        except LineRefused as refused:
            yield Line(number, reason=str(refused))


def row(cells: Mapping[str, str]) -> Row:
    """The reader in one line, or LineRefused."""
    card = cells.get("card", "")
    old = SEVERAL.split(cells.get("old_barcodes", ""))
    numbers = list(dict.fromkeys(number(one) for one in (card, *old) if one))
    if not numbers:
        raise LineRefused("card_missing")
    return Row(
        numbers=numbers,
        card=bool(card),
        name=fitting(cells.get("name", ""), 1, NAME, "name_missing"),
        kind=kind(cells["kind"]) if "kind" in cells else UNSET,
        born=day(cells["born"]) if "born" in cells else UNSET,
        contact=fitting(cells["contact"], 0, CONTACT, "contact_too_long") or None
        if "contact" in cells
        else UNSET,
        expires=day(cells["expires"]) if "expires" in cells else UNSET,
        pin=pin(cells.get("pin", "")),
    )


def number(cell: str) -> str:
    try:
        return tidy(cell)
    except BadRequest:
        raise LineRefused("card_malformed") from None


def fitting(cell: str, least: int, most: int, reason: str) -> str:
    if not least <= len(cell) <= most:
        raise LineRefused(reason)
    return cell


def kind(cell: str) -> str:
    if cell and not KIND.fullmatch(cell):
        raise LineRefused("kind_unknown")
    return cell or "adult"


def pin(cell: str) -> str | None:
    if cell and not PIN.fullmatch(cell):
        raise LineRefused("pin_malformed")
    return cell or None


def day(cell: str) -> date | None:
    """2001-02-03, 2001/2/3, 20010203, 2001年2月3日; an empty cell is no day."""
    if not cell:
        return None
    found = DAY.fullmatch(cell)
    try:
        return date(*map(int, found.groups())) if found else never()
    except ValueError:
        raise LineRefused("day_malformed") from None


def never() -> date:
    raise ValueError


def refuse_twins(lines: list[Line]) -> list[Line]:
    """Refuse a line with a number that a line above it has."""
    seen: set[str] = set()
    for line in lines:
        numbers = set(line.row.numbers) if line.row else set[str]()
        if numbers & seen:
            line.row, line.reason = None, "barcode_twice"
        else:
            seen |= numbers
    return lines
