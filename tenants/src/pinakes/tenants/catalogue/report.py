"""What an import did: every record counted once."""

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct, field

COUNTED = ("read", "new", "updated", "unchanged", "quarantined", "authorities", "deleted")
NAMED = ("reasons", "encodings", "repairs")


class ItemCounts(Struct):
    """What became of the copies; ``refused`` could not be read, ``duplicates`` have a twin."""

    read: int = 0
    new: int = 0
    updated: int = 0
    unchanged: int = 0
    duplicates: int = 0
    refused: int = 0


class SheetReport(ItemCounts):
    """What a table of items did; ``reasons`` count the lines that were refused."""

    reasons: dict[str, int] = field(default_factory=dict[str, int])
    dry_run: bool = False


class Report(Struct):
    """In = new + updated + unchanged + quarantined; the rest are named beside."""

    read: int = 0
    new: int = 0
    updated: int = 0
    unchanged: int = 0
    quarantined: int = 0
    reasons: dict[str, int] = field(default_factory=dict[str, int])
    encodings: dict[str, int] = field(default_factory=dict[str, int])
    repairs: dict[str, int] = field(default_factory=dict[str, int])
    authorities: int = 0
    deleted: int = 0
    items: ItemCounts = field(default_factory=ItemCounts)
    dry_run: bool = False


ORDER = tuple(dict.fromkeys((*ItemCounts.__struct_fields__, *Report.__struct_fields__)))


class UndoCounts(Struct):
    """Rows that went, that are as before, and that somebody has changed or uses since."""

    removed: int = 0
    restored: int = 0
    kept: int = 0


class UndoReport(Struct):
    """What became of everything that an import wrote."""

    records: UndoCounts = field(default_factory=UndoCounts)
    authorities: UndoCounts = field(default_factory=UndoCounts)
    items: UndoCounts = field(default_factory=UndoCounts)

    @property
    def done(self) -> int:
        """How many rows have been looked at."""
        every = (self.records, self.authorities, self.items)
        return sum(one.removed + one.restored + one.kept for one in every)


def whole(report: Report | SheetReport | UndoReport) -> dict[str, Any]:
    """As it is kept with the job."""
    told: dict[str, Any] = msgspec.to_builtins(report)
    return told


def in_order(report: Mapping[str, Any]) -> dict[str, Any]:
    """A stored report in the order of our structs: JSON is stored in an order of its own."""
    told = {name: report[name] for name in (*ORDER, *report) if name in report}
    return told | ({"items": in_order(told["items"])} if "items" in told else {})


def add(report: Report, more: Report) -> None:
    """Count into *report* what *more* has counted, copies apart."""
    for name in COUNTED:
        setattr(report, name, getattr(report, name) + getattr(more, name))
    for name in NAMED:
        counts: dict[str, int] = getattr(report, name)
        for code, number in getattr(more, name).items():
            counts[code] = counts.get(code, 0) + number


def brought(report: dict[str, Any]) -> bool:
    """Whether an import has made or changed anything that an undo could take back."""
    items: dict[str, Any] = report.get("items") or {}
    return any(one.get(name) for one in (report, items) for name in ("new", "updated", "mended"))
