"""When two titles of a branch may be the same: weaker rules than the one that updates. Pure."""

import re
from collections.abc import Iterable
from enum import StrEnum
from functools import lru_cache
from itertools import combinations

from pinakes.platform.text import fold, key
from pinakes.tenants.catalogue.marc import Title

ARTICLES = (
    *("the", "an", "a", "der", "die", "das", "ein", "eine", "le", "la", "les", "l", "un", "une"),
    *("el", "los", "las", "il", "lo", "gli", "o", "os", "as", "um", "uma", "de", "het", "een"),
)
"""What titles begin with and are not filed under; some records say so, others do not."""
LEADING = re.compile(rf"^\W*(?:(?:{'|'.join(ARTICLES)})(?:\s+|['’]))+(?=\S)")


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
    if not bare(one.title) or bare(one.title) != bare(other.title):
        return None
    numbers, others = isbns(one), isbns(other)
    if numbers & others:
        return "isbn_title"
    if (numbers and others) or one.year is None or one.year != other.year:
        return None
    return "title_name_year" if names(one) & names(other) else None


@lru_cache(maxsize=1_000)
def bare(title: str) -> str:
    """A title to compare with another: its letters and digits, without a leading article."""
    return key(LEADING.sub("", fold(title), count=1))


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
