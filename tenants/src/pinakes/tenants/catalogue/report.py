"""What an import did: every record counted once."""

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


def whole(report: Report | SheetReport) -> dict[str, Any]:
    """As it is kept with the job."""
    told: dict[str, Any] = msgspec.to_builtins(report)
    return told


def add(report: Report, more: Report) -> None:
    """Count into *report* what *more* has counted, copies apart."""
    for name in COUNTED:
        setattr(report, name, getattr(report, name) + getattr(more, name))
    for name in NAMED:
        counts: dict[str, int] = getattr(report, name)
        for code, number in getattr(more, name).items():
            counts[code] = counts.get(code, 0) + number
