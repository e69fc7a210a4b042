"""When two titles of a branch may be the same: weaker rules than the one that updates. Pure."""

from collections.abc import Iterable
from enum import StrEnum
from itertools import combinations

from pinakes.platform.text import key
from pinakes.tenants.catalogue.marc import Title


class Verdict(StrEnum):
    """What a person has said of two titles."""

    OPEN = "open"
    SAME = "same"
    DIFFERENT = "different"


def why(one: Title, other: Title) -> str | None:
    """The rule by which they may be the same, or None.

    ``isbn_title``: an ISBN and the title; ``title_name_year``: the title, somebody's name and the
    year, unless each has an ISBN that the other has not.
    """
    if not key(one.title) or key(one.title) != key(other.title):
        return None
    numbers, others = isbns(one), isbns(other)
    if numbers & others:
        return "isbn_title"
    if (numbers and others) or one.year is None or one.year != other.year:
        return None
    return "title_name_year" if names(one) & names(other) else None


def pairs[K](titles: Iterable[tuple[K, Title]]) -> list[tuple[K, K, str]]:
    """Every two of *titles* that may be the same, in their order, and the rule."""
    found = (
        (first, second, why(one, other))
        for (first, one), (second, other) in combinations(titles, 2)
    )
    return [(first, second, rule) for first, second, rule in found if rule]


def isbns(title: Title) -> set[str]:
    return {one.isbn13 for one in title.isbn if one.isbn13}


def names(title: Title) -> set[str]:
    """Everybody's name in every script, to compare."""
    return {key(word) for name in title.names for word in (name.name, *name.others)} - {""}
