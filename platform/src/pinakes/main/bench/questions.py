"""What readers ask of a million titles that nobody wrote."""

from importlib import import_module
from itertools import pairwise
from random import Random
from typing import Any
from urllib.parse import quote

from pinakes.main.bench.printing import folded, made
from pinakes.main.bench.titles import BROAD, BROAD_ENGLISH
from pinakes.platform import text

STRINGS, NAMES = 150, 50
PAIR = 2
SLIPS = 0.1  # of all questions


def strings() -> list[str]:
    """Pairs of characters as they stand in titles; names that no dictionary knows."""
    draw = Random(3)  # noqa: S311 (the same in every run)
    titles = [one.title for one in made(0)]
    pairs = {
        a + b
        for title in titles
        for run, cjk in text.runs(folded(title))
        if cjk
        for a, b in pairwise(run)
    }
    names = {title.names[0].name for title in titles}
    unknown = [name for name in names if len(name) == PAIR and not in_dictionary(name)]
    return [*draw.sample(sorted(pairs), STRINGS), *draw.sample(sorted(unknown), NAMES)]


def in_dictionary(word: str) -> bool:
    jieba: Any = import_module("rjieba")
    return len(jieba.cut(word, False)) == 1  # without guessing new words


def two_words() -> list[str]:
    """Two Chinese words of one title."""
    return [" ".join(one) for one in in_titles(2)][:60]


def in_titles(count: int) -> list[list[str]]:
    """So many words in a row from every title that has them."""
    found: list[list[str]] = []
    for one in made(0):
        runs = text.runs(text.fold(one.title.title))
        said = [word for run, cjk in runs for word in (text.words(run) if cjk else [run])]
        if len(said) >= count:
            found.append([word for word in said if len(word) > 1][:count])
    return [words for words in found if len(words) == count]


def questions(count: int) -> list[str]:
    """A word or two of some title, a broad word, and now and then a word with a slip."""
    draw = Random(5)  # noqa: S311 (the same in every run)
    one, two, broad = in_titles(1), in_titles(2), [[word] for word in (*BROAD, *BROAD_ENGLISH)]
    kinds = (one, one, one, two, two, two, two, broad, broad)
    asked = [" ".join(draw.choice(draw.choice(kinds))) for _ in range(count)]
    return [slipped(words) if draw.random() < SLIPS else words for words in asked]


def slipped(words: str) -> str:
    """With two letters swapped."""
    return words[:1] + words[2:3] + words[1:2] + words[3:]


def paths(what: str, count: int) -> list[str]:
    """The addresses of questions to the whole consortium, from somewhere."""
    return [
        f"/v1/catalogue/{what}?q={quote(asked)}&near=branch-{number % 100 + 1}"
        for number, asked in enumerate(questions(count))
    ]


def beginnings(count: int) -> list[str]:
    """The addresses of what somebody has typed so far."""
    draw = Random(6)  # noqa: S311 (the same in every run)
    asked = [one for one in questions(count * 2) if len(one) > 1][:count]
    typed = [one[: draw.randint(2, min(6, len(one)))] for one in asked]
    return [f"/v1/catalogue/suggestions?q={quote(one)}" for one in typed]
