"""A question with a slip of the keys: what else its words may have been."""

from collections.abc import Iterator

from tantivy import Occur, Query

from pinakes.federation.discovery.terms import PINYIN, WEIGHTS, Found, Terms
from pinakes.platform import text

SHORTEST = 4  # letters; each letter of a shorter word tells too much
TWO_SLIPS = 10  # letters from which on there may be two
SHORT_TITLE = range(3, 5)  # Chinese characters of which one may be wrong
LONG = 5  # characters of which enough pairs are left without the wrong one
BROKEN_PAIRS = 2  # by one wrong character


class Loose:
    """Makes the parts of queries that forgive."""

    def __init__(self, terms: Terms) -> None:
        self._terms = terms

    def word(self, word: str, field: str) -> list[Found]:
        """Words of other letters, as many as the length allows."""
        if len(word) < SHORTEST or word.isdigit():
            return []
        return [self._terms.nearly("names" if field == "names" else "spelled", word, slips(word))]

    def chinese(self, run: str, field: str) -> list[Found]:
        """Characters that sound the same, and one wrong character in a long run."""
        if len(run) == 1:
            return []
        said = [syllable for word in text.pinyin(run) for syllable in word]
        ways = [
            self._terms.weighed(self._terms.in_a_row(pinyin, tuple(said)), WEIGHTS[name])
            for name, pinyin in PINYIN.items()
            if field in ("", name)
        ]
        if len(run) >= LONG and field in ("", "title"):
            ways.append(self._most_pairs(text.grams(run)))
        return ways

    def _most_pairs(self, grams: list[str]) -> Found:
        pairs = [(Occur.Should, self._terms.term("title", gram)) for gram in grams]
        return Query.boolean_query(pairs, len(grams) - BROKEN_PAIRS)

    def whole(self, words: str) -> list[Found]:
        """Titles and names in pinyin, and short Chinese titles, that are nearly the question.

        Two slips are looked for in one long word only: among all titles that takes long, and
        several words are rarely pinyin.
        """
        key = text.key(words)
        if key.isascii() and len(key) >= SHORTEST and not key.isdigit():
            fields = {"said": WEIGHTS["title"], "named": WEIGHTS["names"]}
            allowed = 1 if " " in words else slips(key)
            return [
                self._terms.weighed(self._terms.nearly(field, key, allowed), weight)
                for field, weight in fields.items()
            ]
        if text.CJK_RUN.fullmatch(key) and len(key) in SHORT_TITLE:
            ways = [self._terms.pattern("exact", like) for like in one_wrong(key)]
            return [self._terms.weighed(way, WEIGHTS["title"]) for way in ways]
        return []


def one_wrong(key: str) -> Iterator[str]:
    """Patterns of the same characters with another one in the place of each, or two swapped.

    The first is taken to be right: titles that begin with any character at all are too many.
    """
    for place in range(1, len(key)):
        yield f"{key[:place]}.{key[place + 1 :]}"
        if place > 1:
            yield f"{key[: place - 1]}{key[place]}{key[place - 1]}{key[place + 1 :]}"


def slips(word: str) -> int:
    return 2 if len(word) >= TWO_SLIPS else 1
