"""The tables of ``tables/`` made ready: for each tag, what to take from it."""

import re
from collections.abc import Callable
from functools import cache
from typing import Any

import msgspec

from pinakes.tenants.catalogue.marc.record import SUBFIELD, Dialect
from pinakes.tenants.catalogue.marc.tables import table

AS_WRITTEN = frozenset(
    {"summary", "notes", "links", "audience", "isbn", "cancelled", "issn", "issn_wrong"}
)


class Rule(msgspec.Struct, frozen=True, gc=False):
    """Take these subfields of a field for one part of the description."""

    part: str
    codes: str
    values: Callable[[str], list[str]]  # of these subfields in a field's text
    told: Callable[[str], list[str]] | None  # who did it, what lies there
    separators: dict[str, str]
    by_what_was_before: bool  # some separators look at the subfield in front
    trims: bool  # the record carries punctuation that leads to the next part


Rules = dict[str, tuple[Rule, ...]]


class Tables(msgspec.Struct, frozen=True, gc=False):
    """What one dialect says where."""

    rules: Rules
    parallel: dict[str, str]  # tag and what begins a parallel title in it, which is =TAG then
    forms: dict[str, str]
    coded: dict[str, tuple[str, int, int]]
    ages: dict[str, str]
    carriers: dict[str, str]


@cache
def tables(dialect: Dialect) -> Tables:
    """The dialect's tables, from its TOML file."""
    raw = table(dialect.value)
    coded = {key: tuple(at) for key, at in raw["coded"].items()}
    rest = {name: raw[name] for name in ("parallel", "forms", "ages", "carriers")}
    return Tables(rules=_rules(raw, dialect is Dialect.MARC21), coded=coded, **rest)


def _rules(raw: dict[str, Any], isbd: bool) -> Rules:
    rules: dict[str, list[Rule]] = {}
    for part, lines in raw["parts"].items():
        separators = raw["separators"].get(part, {})
        for line in lines:
            taken, _, extra = line.partition(" / ")
            tag, codes = taken.split()
            pairs = any(len(code) > 1 for code in separators)
            trims = isbd and part not in AS_WRITTEN
            told = _values(extra) if extra else None
            rule = Rule(part, codes, _values(codes), told, separators, pairs, trims)
            rules.setdefault(tag, []).append(rule)
    return {tag: tuple(found) for tag, found in rules.items()}


def _values(codes: str) -> Callable[[str], list[str]]:
    """What finds every value under these codes."""
    return re.compile(f"{SUBFIELD}[{codes}]([^{SUBFIELD}]+)").findall
