"""Copies out of a record, by the table of a profile."""

from collections.abc import Iterator

from pinakes.platform.errors import Problem
from pinakes.tenants.catalogue.marc.record import Record, subfields
from pinakes.tenants.catalogue.marc.tables import table
from pinakes.tenants.catalogue.marc.tidying import plain
from pinakes.tenants.catalogue.marc.title import Item

PARTS = ("call_number", "location", "copy", "kind", "status", "price", "branch")
Row = dict[str, str]


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
        found = [item for text in record.texts(row["tag"]) for item in _items(record, row, text)]
        if found:
            return found
    return []


def _items(record: Record, row: Row, text: str) -> Iterator[Item]:
    """One copy for each barcode of the field."""
    values = subfields(text)
    shelf = _shelf(record, row["shelf"], values) if "shelf" in row else {}
    parts = {part: _part(row[part], values) for part in PARTS if part in row} | shelf
    for code, value in values:
        if code in row["barcode"] and (barcode := plain(value)):
            yield Item(barcode=barcode, **parts)


def _part(taken: str, values: list[tuple[str, str]]) -> str:
    """The first alternative that is there; within one, blanks and slashes join subfields."""
    for alternative in taken.split("|"):
        joint = "/" if "/" in alternative else " "
        codes = alternative.replace("/", " ").split()
        found = [next((plain(v) for code, v in values if code == wanted), "") for wanted in codes]
        if any(found):
            return joint.join(filter(None, found))
    return ""


def _shelf(record: Record, tag: str, values: list[tuple[str, str]]) -> dict[str, str]:
    """Call number and place of the holdings field that an item links to by $8."""
    row = next(row for row in table("items")["marc21"] if row["tag"] == tag)
    fields = [subfields(text) for text in record.texts(tag)]
    linked = [field for field in fields if _group(field) == _group(values)]
    for field in linked or fields[:1]:
        return {part: _part(row[part], field) for part in ("call_number", "location", "branch")}
    return {}


def _group(values: list[tuple[str, str]]) -> str:
    """The part of $8 that linked fields share: 1 of 1.2."""
    return next((value.partition(".")[0] for code, value in values if code == "8"), "")
