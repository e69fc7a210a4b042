"""What somebody meant who made a slip of the keys: the words of what was nearly found. Pure."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from pinakes.federation.discovery.document import Shown
from pinakes.federation.discovery.query import MOST_CLAUSES
from pinakes.federation.discovery.wording import SHORTEST_SPELLED, worded
from pinakes.platform import text

MOST_FOUND = 20  # titles that are looked through
LONGEST = 200  # characters of a title, a name or a subject: what somebody means is no longer
MOST_SLIPS = 2
SHORTEST = 8  # letters that are told from others as a whole
LONG = 10  # letters of which two may be wrong
BETWEEN = re.compile(r"[\s,]+|--")  # words, and the parts of a subject


def meant(question: str, found: Sequence[Shown]) -> str:
    """The question in the words of *found*, best first; empty when it would be the same."""
    told = [(one.title, *one.names, *one.subjects) for one in found[:MOST_FOUND]]
    values = list(dict.fromkeys(value[:LONGEST] for values in told for value in values))
    folded = text.fold(question)
    key = text.key(question)
    if key.isascii() and (whole := sounding(key, values)):
        return whole
    known, runs = list(words(values)), text.runs(folded)
    said = [
        nearest_run(run, values) if cjk else nearest_word(run, known)
        for run, cjk in runs[:MOST_CLAUSES]
    ]
    better = " ".join([*said, *[run for run, _ in runs[MOST_CLAUSES:]]])
    return "" if text.key(better) == key else better


def sounding(key: str, values: Iterable[str]) -> str:
    """A text that is said nearly like the letters typed."""
    if len(key) < SHORTEST:
        return ""
    said = ((value, worded(value).sound) for value in values)
    return next((value for value, pinyin in said if pinyin and near(key, pinyin)), "")


def words(values: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Each word of other scripts as it is written, and folded."""
    for value in values:
        for word in BETWEEN.split(value):
            if key := text.key(word):
                yield word.strip(".,:;()[]\"'"), key


def nearest_word(word: str, known: Sequence[tuple[str, str]]) -> str:
    """The most frequent of the words that differ least, or the word itself."""
    if len(word) < SHORTEST_SPELLED or any(key == word for _, key in known):
        return word
    ways = Counter(written for written, key in known if near(word, key))
    return min(ways, key=lambda one: (slips(word, text.key(one)), -ways[one]), default=word)


def nearest_run(run: str, values: Iterable[str]) -> str:
    """The characters that sound the same, or of which one is another; or the run itself."""
    said, length = worded(run).said.split(), len(run)
    second = run
    for other in (other for value in values for other in text.cjk_runs(value)):
        folded = text.fold(other)
        if run in folded:
            return run
        aloud = worded(other).said.split() if len(other) >= length else []
        for start in range(len(other) - length + 1):
            part = slice(start, start + length)
            if aloud[part] == said:
                return other[part]
            if second == run and length > MOST_SLIPS and differences(run, folded[part]) == 1:
                second = other[part]
    return second


def differences(one: str, other: str) -> int:
    return sum(a != b for a, b in zip(one, other, strict=True))


def near(word: str, other: str) -> bool:
    """Whether one may be the other with a slip, or two in a long word."""
    allowed = MOST_SLIPS if len(word) >= LONG else 1
    return abs(len(word) - len(other)) <= allowed and slips(word, other) <= allowed


def slips(one: str, other: str) -> int:
    """Letters changed, added, left out, or swapped with their neighbour."""
    before, row = list[int](), list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        earlier, before, row = before, row, [i]
        for j, b in enumerate(other, 1):
            cost = min(before[j] + 1, row[-1] + 1, before[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                cost = min(cost, earlier[j - 2] + 1)
            row.append(cost)
    return row[-1]
