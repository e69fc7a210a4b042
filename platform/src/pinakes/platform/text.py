"""Words of any script in forms that can be compared, found and sorted."""

import re
import unicodedata
from collections.abc import Callable
from functools import cache, lru_cache
from importlib import import_module
from itertools import pairwise
from typing import Any, cast

from opencc import OpenCC

from pinakes.platform import readings
from pinakes.platform.variants import VARIANTS

to_simplified: Callable[[str], str] = cast("Any", OpenCC)("t2s").convert

CJK = "\u3005\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U000323af"
FIRST = CJK[0]
POINTS = "\u0591-\u05c7\u064b-\u065f\u0670"  # vowels that Hebrew and Arabic write or leave out
ACCENTS = "\u0300-\u036f\u1ab0-\u1aff\ufe20-\ufe2f"
APART = "\u02b9-\u02bf\u02ee"  # the letters of romanisation that nobody types
DROPPED = re.compile(f"[{POINTS}{ACCENTS}{APART}]")
HAN = re.compile("[\u3007\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U000323af]")
LETTERS = {"ø": "o", "đ": "d", "ð": "d", "ł": "l", "æ": "ae", "œ": "oe", "þ": "th", "ı": "i"}


LONGEST_WORD = 60  # characters; what is longer is cut, in a question as in a text
LONGEST_TEXT = 4_000  # characters of a title or a name that are looked at: no honest one has more


def _marks() -> str:
    """The vowel signs that are no letters to ``re`` but belong to a word (Devanagari, Thai …)."""
    signs = [
        point for point in range(0x900, 0x1000) if unicodedata.category(chr(point)) in ("Mn", "Mc")
    ]
    return "".join(map(chr, signs))


MARKS = _marks()
CJK_RUN = re.compile(f"[{CJK}]+")
ASCII_WORD = re.compile(f"[0-9a-z]{{1,{LONGEST_WORD}}}")
RUN = re.compile(
    f"[{CJK}]+|[^\\W_{CJK}]{{1,{LONGEST_WORD}}}(?:[{MARKS}]+[^\\W_{CJK}]*)*|[{MARKS}]+"
)


class _Folding(dict[int, str]):
    """What each character becomes, worked out when it is first met."""

    def __missing__(self, point: int) -> str:
        character = chr(point)
        if DROPPED.match(character):
            self[point] = ""
        elif HAN.match(character):
            self[point] = VARIANTS.get(character) or to_simplified(character)
        else:
            small = character.casefold()
            letters = "".join(LETTERS.get(letter, letter) for letter in small)
            self[point] = letters if not letters.isalpha() else _unaccented(letters)
        return self[point]


def _unaccented(letters: str) -> str:
    """Latin letters without their marks; other scripts as they are."""
    base = unicodedata.normalize("NFD", letters)
    return DROPPED.sub("", base) if base[:1].isascii() else letters


FOLDING = _Folding()


def fold(text: str) -> str:
    """One form for all spellings: simplified, small letters, no accents, no width.

    Each Chinese character is simplified by itself, so a part of a text folds as the whole does.
    """
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFKC", text).translate(FOLDING)


def runs(folded: str) -> list[tuple[str, bool]]:
    """The words of a folded text; True marks a run of Chinese or Japanese, not yet cut."""
    return [(run, run >= FIRST and CJK_RUN.match(run) is not None) for run in RUN.findall(folded)]


def ascii_words(folded: str) -> list[str]:
    """The words of a folded text that has no other characters."""
    found: list[str] = ASCII_WORD.findall(folded)
    return found


def cjk_runs(text: str) -> list[str]:
    """The runs of Chinese or Japanese of a text, as it is written: as many as folded has."""
    found: list[str] = CJK_RUN.findall(unicodedata.normalize("NFKC", text))
    return found


def grams(folded: str) -> list[str]:
    """Words, with each Chinese run as its overlapping pairs: pairs in a row are a substring."""
    found: list[str] = []
    for run, cjk in runs(folded):
        if cjk and len(run) > 1:
            found += [first + second for first, second in pairwise(run)]
        else:
            found.append(run)
    return found


def words(run: str) -> list[str]:
    """A Chinese run cut into words, end to end."""
    return list(_jieba().cut(run))


def cut(run: str, written: str) -> list[str]:
    """A run cut into words, in simplified characters: as the whole has them, 著名 and 乾坤.

    What no dictionary knows stays in one piece; of a long one the parts are words, for words are
    remembered.
    """
    simple = run if run == written else to_simplified(written)
    words: list[str] = list(_jieba().cut(simple))
    if len(run) <= LONGEST_WORD:
        return words
    step = LONGEST_WORD
    return [word[at : at + step] for word in words for at in range(0, len(word), step)]


def key(text: str) -> str:
    """A whole text to compare with another: only its letters and digits, folded."""
    folded = fold(text)
    return "".join(ascii_words(folded) if folded.isascii() else RUN.findall(folded))


def pinyin(text: str) -> list[list[str]]:
    """Each word's syllables (ü is u); a word of another script is one syllable, folded."""
    if text.isascii():
        return [[word] for word in ascii_words(text.lower())]
    found: list[list[str]] = []
    for run, cjk in runs(unicodedata.normalize("NFKC", text)):
        if cjk:
            found += [syllables(word) for word in cut(run.translate(FOLDING), run)]
        else:
            found.append([fold(run)])
    return found


def sort_key(text: str) -> str:
    """What Chinese sorts by: pinyin syllable by syllable; other scripts by their folded words."""
    return " ".join([syllable for word in pinyin(text[:LONGEST_TEXT]) for syllable in word])


@lru_cache(maxsize=50_000)
def syllables(word: str) -> list[str]:
    """The reading of one word: of the longest phrases in it that are known, else by character."""
    found: list[str] = []
    phrases, longest = readings.known(), readings.longest()
    start = 0
    while start < len(word):
        ends = range(min(start + longest, len(word)), start + 1, -1)
        end = next((end for end in ends if word[start:end] in phrases), start + 1)
        found += readings.reading(word[start:end])
        start = end
    return found


@cache
def _jieba() -> Any:
    """The dictionary of words, read when a first text needs it."""
    return import_module("rjieba")
