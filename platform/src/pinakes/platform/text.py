"""Words of any script in forms that can be compared, found and sorted."""

import re
import unicodedata
from collections.abc import Callable
from functools import cache, lru_cache
from importlib import import_module
from itertools import pairwise
from typing import Any, cast

from opencc import OpenCC

to_simplified: Callable[[str], str] = cast("Any", OpenCC)("t2s").convert

CJK = "\u3005\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U000323af"
POINTS = "\u0591-\u05c7\u064b-\u065f\u0670"  # vowels that Hebrew and Arabic write or leave out
ACCENTS = "\u0300-\u036f\u1ab0-\u1aff\ufe20-\ufe2f"
APART = "\u02b9-\u02bf\u02ee"  # the letters of romanisation that nobody types
DROPPED = re.compile(f"[{POINTS}{ACCENTS}{APART}]")
HAN = re.compile("[\u3007\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U000323af]")
LETTERS = {"ø": "o", "đ": "d", "ð": "d", "ł": "l", "æ": "ae", "œ": "oe", "þ": "th", "ı": "i"}


def _marks() -> str:
    """The vowel signs that are no letters to ``re`` but belong to a word (Devanagari, Thai …)."""
    signs = [
        point for point in range(0x900, 0x1000) if unicodedata.category(chr(point)) in ("Mn", "Mc")
    ]
    return "".join(map(chr, signs))


RUN = re.compile(f"(?P<cjk>[{CJK}]+)|(?:[^\\W_{CJK}]|[{_marks()}])+")


class _Folding(dict[int, str]):
    """What each character becomes, worked out when it is first met."""

    def __missing__(self, point: int) -> str:
        character = chr(point)
        if DROPPED.match(character):
            self[point] = ""
        elif HAN.match(character):
            self[point] = to_simplified(character)
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
    return [(found[0], found["cjk"] is not None) for found in RUN.finditer(folded)]


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


def index_words(folded: str) -> list[str]:
    """What else a Chinese text is found by: its words, words inside words, and characters."""
    found: set[str] = set()
    for run, cjk in runs(folded):
        if cjk and len(run) > 1:
            found.update(run)
            found.update(_jieba().cut_for_search(run))
    return list(found)


def key(text: str) -> str:
    """A whole text to compare with another: only its letters and digits, folded."""
    return "".join(run for run, _ in runs(fold(text)))


def pinyin(text: str) -> list[list[str]]:
    """Each word's syllables (ü is u); a word of another script is one syllable, folded."""
    found: list[list[str]] = []
    for run, cjk in runs(unicodedata.normalize("NFKC", text)):
        if not cjk:
            found.append([fold(run)])
        else:
            simple = run if run.translate(FOLDING) == run else to_simplified(run)
            found += [_syllables(word) for word in _jieba().cut(simple)]
    return found


def sort_key(text: str) -> str:
    """What Chinese sorts by: pinyin syllable by syllable; other scripts by their folded words."""
    return " ".join([syllable for word in pinyin(text) for syllable in word])


@lru_cache(maxsize=200_000)
def _syllables(word: str) -> list[str]:
    """The reading of one word."""
    found: list[Any] = _pypinyin().lazy_pinyin(word)
    return [
        str(syllable).replace("v", "u") if syllable.isascii() else syllable for syllable in found
    ]


@cache
def _jieba() -> Any:
    """The dictionary of words, read when a first text needs it."""
    return import_module("rjieba")


@cache
def _pypinyin() -> Any:
    """The dictionary of readings, read when a first word needs it."""
    return import_module("pypinyin")
