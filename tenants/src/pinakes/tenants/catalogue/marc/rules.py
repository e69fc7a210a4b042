"""The tables of ``tables/`` made ready: for each tag, what to take from it."""

from functools import cache
from typing import Any

import msgspec

from pinakes.tenants.catalogue.marc.record import Dialect
from pinakes.tenants.catalogue.marc.tables import table


class Rule(msgspec.Struct, frozen=True, gc=False):
    """Take these subfields of a field for one part of the description."""

    part: str
    codes: str
    extra: str
    separators: dict[str, str]


Rules = dict[str, tuple[Rule, ...]]


class Tables(msgspec.Struct, frozen=True, gc=False):
    """What one dialect says where."""

    rules: Rules
    forms: dict[str, str]
    coded: dict[str, tuple[str, int, int]]


@cache
def tables(dialect: Dialect) -> Tables:
    """The dialect's tables, from its TOML file."""
    raw = table(dialect.value)
    return Tables(_rules(raw), raw["forms"], {key: tuple(at) for key, at in raw["coded"].items()})


def _rules(raw: dict[str, Any]) -> Rules:
    rules: dict[str, list[Rule]] = {}
    for part, lines in raw["parts"].items():
        separators = raw["separators"].get(part, {})
        for line in lines:
            taken, _, extra = line.partition(" / ")
            tag, codes = taken.split()
            rules.setdefault(tag, []).append(Rule(part, codes, extra, separators))
    return {tag: tuple(found) for tag, found in rules.items()}
