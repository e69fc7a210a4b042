"""A text as the index wants it: pairs of characters in a row, words, syllables. Pure."""

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from itertools import pairwise

from msgspec import Struct

from pinakes.platform import text

MOST_INITIALS = 8
START = "^"  # before the first token of a text
SHORT = 200  # characters
SHORTEST_SPELLED = 4  # letters of a word that is known again with a slip in it
END = "$"  # behind the first letters of a whole text


class Wording(Struct, frozen=True, gc=False):
    """One text in tokens, with blanks between them: lists would make more work than they save.

    ``row`` are its words, Chinese as overlapping pairs; ``more`` what else a Chinese text is
    found by: words of two characters (which so count twice) and the last of each run, for which
    no pair begins. ``said`` are its syllables, ``letters`` the first ones of each word; both are
    empty where there is no Chinese. ``spelled`` are the words in which a slip is looked for, no
    Chinese among them.
    """

    row: str
    more: str
    key: str
    said: str
    letters: str
    spelled: str

    @property
    def lines(self) -> list[str]:
        """Row and more, as far as there is anything in them."""
        return [line for line in (self.row, self.more) if line]

    @property
    def sound(self) -> str:
        """The syllables in one."""
        return self.said.replace(" ", "")


class Run(Struct, frozen=True, gc=False):
    """The same of one run of Chinese."""

    row: str
    more: str
    said: str
    letters: str


def remembered[T](work: Callable[..., T], most: int) -> Callable[..., T]:
    """The same work, done once for the same short texts: what long ones give fills the memory."""
    known = lru_cache(most)(work)

    def remembering(*texts: str) -> T:
        return (work if len(texts[0]) > SHORT else known)(*texts)

    return remembering


def _foreign(words: list[str]) -> Wording:
    """The words of a text without any Chinese."""
    return Wording(" ".join(words), "", "".join(words), "", "", _spelled(words))


def _spelled(words: list[str]) -> str:
    return " ".join(
        [word for word in words if len(word) >= SHORTEST_SPELLED and not word.isdigit()]
    )


def _worded(value: str) -> Wording:
    """Take a text apart: of one that is far too long, what it begins with."""
    value = value[: text.LONGEST_TEXT]
    folded = text.fold(value)
    if folded.isascii():
        return _foreign(text.ascii_words(folded))
    runs = text.runs(folded)
    chinese = [run for run, cjk in runs if cjk]
    if not chinese:
        return _foreign([run for run, _ in runs])
    written = chinese if folded == value else text.cjk_runs(value)
    return _chinese(runs, iter(written if len(written) == len(chinese) else chinese))


worded = remembered(_worded, 20_000)
heading = remembered(_worded, 30_000)  # names and subjects, which come again where titles do not


def together(one: Wording, other: Wording) -> Wording:
    """Two texts as one, in which a sign parts them."""
    (said, letters), (then, theirs) = map(_aloud, (one, other))
    chinese = one.said or other.said
    return Wording(
        _both(one.row, other.row),
        _both(one.more, other.more),
        one.key + other.key,
        _both(said, then) if chinese else "",
        _both(letters, theirs) if chinese else "",
        _both(one.spelled, other.spelled),
    )


def _both(words: str, others: str) -> str:
    return f"{words} {others}" if words and others else words or others


def _aloud(one: Wording) -> tuple[str, str]:
    """Syllables and first letters; beside Chinese, words of other scripts are one syllable each."""
    if one.said:
        return one.said, one.letters
    return one.row, " ".join([word[0] for word in one.row.split()])


def _chinese(runs: Sequence[tuple[str, bool]], written: Iterator[str]) -> Wording:
    if len(runs) == 1:
        key = runs[0][0]
        only = _run(key, next(written))
        return Wording(only.row, only.more, key, only.said, only.letters, "")
    row: list[str] = []
    more: list[str] = []
    said: list[str] = []
    letters: list[str] = []
    for run, cjk in runs:
        if cjk:
            found = _run(run, next(written))
            row.append(found.row)
            more += [found.more] if found.more else []
            said.append(found.said)
            letters.append(found.letters)
        else:
            row.append(run)
            said.append(run)
            letters.append(run[0])
    key = "".join([run for run, _ in runs])
    foreign = _spelled([run for run, cjk in runs if not cjk])
    return Wording(" ".join(row), " ".join(more), key, " ".join(said), " ".join(letters), foreign)


def _taken_apart(run: str, written: str) -> Run:
    words = text.cut(run, written)
    spoken = [_spoken(word) for word in words]
    said = " ".join([syllables for syllables, _ in spoken])
    letters = " ".join([first for _, first in spoken])
    if len(run) == 1:
        return Run(run, "", said, letters)
    pairs = [first + second for first, second in pairwise(run)]
    two = [word for word in words if len(word) == 2]  # noqa: PLR2004 (a pair)
    more = [run[-1], *(two if run == written else map(text.fold, two))]
    return Run(" ".join(pairs), " ".join(more), said, letters)


_run = remembered(_taken_apart, 30_000)  # a title is met first, and indexed some thousands later


@lru_cache(maxsize=20_000)
def _spoken(word: str) -> tuple[str, str]:
    """The syllables of a word, and their first letters in one."""
    syllables = text.syllables(word)
    return " ".join(syllables), "".join([syllable[0] for syllable in syllables])


def initials(wording: Wording) -> list[str]:
    """First letters from each word on: hlmyj and yj for 红楼梦研究; and, marked, of it all."""
    letters = wording.letters.split()
    rest = "".join(letters)
    if not rest.isascii():
        return []
    found = [rest + END] if len(rest) <= MOST_INITIALS else []
    for word in letters:
        if len(rest) > 1:
            found.append(rest[:MOST_INITIALS])
        rest = rest[len(word) :]
    return found
