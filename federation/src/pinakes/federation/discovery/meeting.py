"""Which records of several branches are the same edition. Pure; every answer names its rule."""

import re
from collections.abc import Iterable, Mapping
from enum import StrEnum
from itertools import pairwise
from typing import NamedTuple
from uuid import UUID

from msgspec import Struct

from pinakes.federation.discovery.wording import Wording, heading, worded
from pinakes.tenants.catalogue.marc import Title

SYLLABLES = 4  # so long a title is told from others by its sound, beside a name and a year
LONGEST = 120
ALIKE = 0.7  # of all pairs of letters: so many are the same
DATES = re.compile(r"[0-9].*")


class Rule(StrEnum):
    """Why a record is where it is."""

    ISBN = "isbn13"
    TITLE = "title_name_year"
    SOUND = "pinyin_name_year"
    ALONE = "alone"
    SPLIT = "split"
    JOINED = "joined"


class Mark(Struct, frozen=True, gc=False):
    """What a record is met by; *narrow* is a number with the title, where a series shares it."""

    key: str
    rule: Rule
    narrow: str = ""


class Marks(Struct, frozen=True, gc=False):
    """Its numbers, each of which is enough; and what serves where one side has no number."""

    numbers: tuple[Mark, ...]
    words: Mark | None
    alone: Mark
    title: str

    @property
    def all(self) -> list[Mark]:
        """Strongest first; one that nobody else can have only where there is no other."""
        found = [*self.numbers, *([self.words] if self.words else [])]
        return found or [self.alone]


class Home(NamedTuple):
    """The edition that a key leads to, whether any of its records has a number, and its title."""

    edition: UUID
    numbered: bool
    title: str


class Met(Struct, frozen=True, gc=False):
    """Where a record belongs; no edition: to one of its own, that is new."""

    edition: UUID | None
    rule: Rule


def marks(tenant: int, record: UUID, title: Title) -> Marks:
    """What *title* is met by."""
    isbn = dict.fromkeys([one.isbn13 for one in title.isbn if one.isbn13])
    wording = worded(title.title)
    said = wording.sound[:LONGEST] or wording.key[:LONGEST]
    return Marks(
        tuple([Mark(f"isbn:{one}", Rule.ISBN, f"isbn:{one}/{said}") for one in isbn]),
        in_words(title, wording),
        Mark(f"record:{tenant}:{record}", Rule.ALONE),
        wording.key[:LONGEST],
    )


def meet(marks: Marks, known: Mapping[str, Home]) -> Met:
    """The first number that is known; else the words.

    But not when both sides have numbers, and they differ: these are two editions of one work.
    """
    for mark in marks.numbers:
        home = known.get(mark.key)
        if home and alike(home.title, marks.title):
            return Met(home.edition, mark.rule)
        if mark.narrow in known:
            return Met(known[mark.narrow].edition, mark.rule)
    if marks.words and marks.words.key in known:
        home = known[marks.words.key]
        if not (marks.numbers and home.numbered):
            return Met(home.edition, marks.words.rule)
    if not marks.numbers and not marks.words and marks.alone.key in known:
        return Met(known[marks.alone.key].edition, Rule.ALONE)
    return Met(None, marks.all[0].rule)


def alike(one: str, other: str) -> bool:
    """Whether two titles may be one book's: a series of books often shares one number."""
    if not (one and other) or one.startswith(other) or other.startswith(one):
        return True
    if one.isascii() != other.isascii():
        one, other = (worded(title).sound or title for title in (one, other))
        return one.startswith(other) or other.startswith(one)
    pairs, others = ({a + b for a, b in pairwise(title)} for title in (one, other))
    return 2 * len(pairs & others) >= ALIKE * (len(pairs) + len(others))


def in_words(title: Title, said: Wording) -> Mark | None:
    """Title, first name and year; None without all three.

    In pinyin, so that a romanised record meets the Chinese one, where the title is long enough to
    be told by its sound.
    """
    name = said_name(title.names[0].name) if title.names else ""
    if not (name and title.year):
        return None
    if said.said.count(" ") >= SYLLABLES - 1:
        return words_mark(said.sound, name, title.year, Rule.SOUND)
    if said.said:
        return words_mark(said.key, name, title.year, Rule.TITLE)
    romanised = title.language == "chi" and said.row.count(" ") >= SYLLABLES - 1
    return words_mark(said.key, name, title.year, Rule.SOUND if romanised else Rule.TITLE)


def words_mark(title: str, name: str, year: int, rule: Rule) -> Mark | None:
    return Mark(f"{title[:LONGEST]}/{name[:LONGEST]}/{year}", rule) if title else None


def said_name(name: str) -> str:
    """The letters of a name: caoxueqin for 曹雪芹, and for Cao, Xueqin, 1717?-1763."""
    said = heading(",".join(DATES.sub("", name).split(",")[:2]))
    return said.sound or said.key


def keys(all: Iterable[Marks]) -> list[str]:
    """Every key of these, once."""
    marks = [mark for one in all for mark in one.all]
    return list(dict.fromkeys([key for mark in marks for key in (mark.key, mark.narrow) if key]))
