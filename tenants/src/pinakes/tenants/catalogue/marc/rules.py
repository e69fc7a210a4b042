"""The tables of ``tables/`` made ready: for each tag, what to take from it."""

from functools import cache
from typing import Any

import msgspec

from pinakes.tenants.catalogue.marc.record import Dialect
from pinakes.tenants.catalogue.marc.tables import table

AS_WRITTEN = frozenset(
    {"summary", "notes", "links", "audience", "isbn", "cancelled", "issn", "issn_wrong"}
)


class Rule(msgspec.Struct, frozen=True, gc=False):
    """Take these subfields of a field for one part of the description."""

    part: str
    codes: frozenset[str]
    extra: str
    separators: dict[str, str]
    by_what_was_before: bool  # some separators look at the subfield in front
    trims: bool  # the record carries punctuation that leads to the next part


Rules = dict[str, tuple[Rule, ...]]


class Tables(msgspec.Struct, frozen=True, gc=False):
    """What one dialect says where."""

    rules: Rules
    parallel: dict[str, str]  # tag and what begins a parallel title in it
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
            tag, *codes = taken.split()
            pairs = any(len(code.lstrip("=")) > 1 for code in separators)
            trims = isbd and part not in AS_WRITTEN
            rule = Rule(part, _codes(codes), extra, separators, pairs, trims)
            rules.setdefault(tag, []).append(rule)
    return {tag: tuple(found) for tag, found in rules.items()}


def _codes(written: list[str]) -> frozenset[str]:
    """The letters of each word; one that begins with = is a code by itself."""
    return frozenset(
        code for word in written for code in ([word] if word.startswith("=") else word)
    )
