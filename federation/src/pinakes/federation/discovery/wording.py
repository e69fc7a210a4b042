"""A text as the index wants it: pairs of characters in a row, words, syllables. Pure."""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from pinakes.platform import text

MOST_INITIALS = 8
START = "^"  # before the first token of a text
END = "$"  # behind the first letters of a whole text


class Wording(NamedTuple):
    """One text in tokens.

    ``row`` are its words, Chinese as overlapping pairs; ``more`` what else a Chinese text is
    found by: words of two characters (which so count twice) and the last of each run, for which
    no pair begins. ``said`` are its syllables, ``letters`` the first ones of each word; both are
    empty where there is no Chinese.
    """

    row: list[str]
    more: list[str]
    key: str
    said: list[str]
    letters: list[str]

    @property
    def latin(self) -> list[str]:
        """Its words that are not Chinese."""
        return [word for word in self.row if not text.CJK_RUN.match(word)]


class Run(NamedTuple):
    """The same of one run of Chinese."""

    row: list[str]
    more: list[str]
    said: list[str]
    letters: list[str]


def worded(value: str) -> Wording:
    """Take a text apart: of one that is far too long, what it begins with."""
    value = value[: text.LONGEST_TEXT]
    folded = text.fold(value)
    if folded.isascii():
        words = text.ascii_words(folded)
        return Wording(words, [], "".join(words), [], [])
    runs = text.runs(folded)
    key = "".join([run for run, _ in runs])
    chinese = [run for run, cjk in runs if cjk]
    if not chinese:
        return Wording([run for run, _ in runs], [], key, [], [])
    written = text.cjk_runs(value)
    return _chinese(runs, key, iter(written if len(written) == len(chinese) else chinese))


def _chinese(runs: Sequence[tuple[str, bool]], key: str, written: Iterator[str]) -> Wording:
    row: list[str] = []
    more: list[str] = []
    said: list[str] = []
    letters: list[str] = []
    for run, cjk in runs:
        if cjk:
            found = _run(run, next(written))
            row += found.row
            more += found.more
            said += found.said
            letters += found.letters
        else:
            row.append(run)
            said.append(run)
            letters.append(run[0])
    return Wording(row, more, key, said, letters)


@lru_cache(maxsize=20_000)
def _run(run: str, written: str) -> Run:
    words = text.cut(run, written)
    spoken = [text.syllables(word) for word in words]
    said = [syllable for word in spoken for syllable in word]
    letters = ["".join([syllable[0] for syllable in word]) for word in spoken]
    if len(run) == 1:
        return Run([run], [], said, letters)
    pairs = [first + second for first, second in pairwise(run)]
    also = words if run == written else [text.fold(word) for word in words]
    more = [run[-1], *[word for word in also if len(word) == 2]]  # noqa: PLR2004 (a pair)
    return Run(pairs, more, said, letters)


def initials(wording: Wording) -> list[str]:
    """First letters from each word on: hlmyj and yj for 红楼梦研究; and, marked, of it all."""
    rest = "".join(wording.letters)
    if not rest.isascii():
        return []
    found = [rest + END] if len(rest) <= MOST_INITIALS else []
    for word in wording.letters:
        if len(rest) > 1:
            found.append(rest[:MOST_INITIALS])
        rest = rest[len(word) :]
    return found
