"""Copies out of a record, by the table of a profile."""

import re
from collections.abc import Iterator, Sequence

from pinakes.platform.errors import Problem
from pinakes.tenants.catalogue.marc.record import Record, subfields
from pinakes.tenants.catalogue.marc.tables import table
from pinakes.tenants.catalogue.marc.tidying import plain
from pinakes.tenants.catalogue.marc.title import Item

PARTS = ("call_number", "location", "copy", "kind", "status", "price", "branch")
SHELF = ("call_number", "location", "branch")
FLAG = re.compile("(.)=(.+)")  # 1=lost: where subfield 1 says anything but nought, it is lost
Row = dict[str, str]
Values = list[tuple[str, str]]


class UnknownProfile(Problem):
    code = "unknown_item_profile"
    title = "There is no such table of items"


def profiles() -> list[str]:
    """The names of every table of items."""
    return list(table("items"))


def items_of(record: Record, profile: str | None = None) -> list[Item]:
    """Every copy with a barcode, from the first field of the profile that has any.

    Args:
        record: a record with copies in it.
        profile: a name out of ``profiles()``; the record's dialect without it.

    Raises:
        UnknownProfile: there is no such table.
    """
    rows = table("items").get(profile or record.dialect.value)
    if rows is None:
        raise UnknownProfile(f"Use one of {', '.join(profiles())}.", profile=profile)
    tags = {tag for tag, _ in record.fields}
    for row in rows:
        if row["tag"] not in tags:
            continue
        shelves = _shelves(record, row.get("shelf", ""), rows)
        found = [item for text in record.texts(row["tag"]) for item in _items(row, text, shelves)]
        if found:
            return found
    return []


def _items(row: Row, text: str, shelves: Sequence["Shelf"]) -> Iterator[Item]:
    """One copy for each barcode of the field; what it does not say, its shelf does."""
    values = subfields(text)
    parts = {part: _part(row[part], values) for part in PARTS if part in row}
    for part, word in _shelf(shelves, values, parts.get("call_number", "")).items():
        parts[part] = parts.get(part) or word
    for code, value in values:
        if code in row["barcode"] and (barcode := plain(value)):
            yield Item(barcode=barcode, **parts)


def _part(taken: str, values: Values) -> str:
    """The first alternative that is there; within one, blanks and slashes join subfields."""
    for alternative in taken.split("|"):
        flag = FLAG.fullmatch(alternative)
        if flag:
            if any(code == flag[1] and value.strip(" 0") for code, value in values):
                return flag[2]
            continue
        joint = "/" if "/" in alternative else " "
        codes = alternative.replace("/", " ").split()
        found = [next((plain(v) for code, v in values if code == wanted), "") for wanted in codes]
        if any(found):
            return joint.join(filter(None, found))
    return ""


type Shelf = tuple[str, Row]  # what $8 links it by, and what it says of the copies there


def _shelves(record: Record, tag: str, rows: Sequence[Row]) -> list[Shelf]:
    """Call number and place of each holdings field that copies in another field belong to."""
    row = next((row for row in rows if row["tag"] == tag), None)
    if row is None:
        return []
    fields = map(subfields, record.texts(tag))
    return [
        (_group(field), {part: _part(row[part], field) for part in SHELF if part in row})
        for field in fields
    ]


def _shelf(shelves: Sequence[Shelf], values: Values, call_number: str) -> Row:
    """That of the field which the item links to by $8, or which bears its call number."""
    linked = [says for group, says in shelves if group == _group(values)]
    candidates = linked or [says for _, says in shelves[:1]]
    same = [says for says in candidates if says["call_number"] == call_number]
    return next(iter(same or candidates), Row())


def _group(values: Values) -> str:
    """The part of $8 that linked fields share: 1 of 1.2."""
    return next((value.partition(".")[0] for code, value in values if code == "8"), "")
