"""A word that very many titles have, and the best of them.

To ask of each of a hundred thousand titles where it can be borrowed takes longer than to find
them. So the best of all, of those free nearby and of those free here are looked for by
themselves, and the best of these are the best: within one of them only the words tell who ranks.
"""

from typing import Any, NamedTuple

import msgspec
import tantivy

from pinakes.federation.discovery.matching import Matcher
from pinakes.federation.discovery.memory import Memory
from pinakes.federation.discovery.query import Order, Query, one_word
from pinakes.federation.discovery.terms import Found

FREQUENT = 10_000  # titles
SPARE = 40  # more of the best than asked for: some of them are out
FIRST = 200  # titles that are remembered; hardly anybody looks further down

type Ranked = list[tuple[float, tantivy.DocAddress]]


class Sight(NamedTuple):
    """One state of the index, and what is remembered of it."""

    searcher: Any
    memory: Memory


class Best(NamedTuple):
    """How many there are, and those that rank highest by their words."""

    total: int
    hits: Ranked


def frequent_word(searcher: Any, query: Query) -> str:
    """The word, when the question is one word that very many titles have."""
    word = one_word(query.text) if query.order is Order.RELEVANCE else ""
    return word if word and searcher.doc_freq("title", word) >= FREQUENT else ""


def best(
    sight: Sight, matcher: Matcher, query: Query, word: str, most: int
) -> tuple[int, list[tantivy.DocAddress]]:
    """How many there are; and the best, with those higher that are free, nearby, here."""
    known = of_all(sight, matcher, query, most)
    if not query.near:
        return known.total, [address for _, address in known.hits[:most]]
    where, lift = matcher.lifts(query)[0]
    free = those_free(sight.searcher, known, most)
    if free is None:
        free = searched(sight.searcher, matcher.at(query, word, where), most)
    found = [known.hits, raised(free, lift)]
    for where, lift in matcher.nearer(query):
        narrowed = matcher.at(query, word, where)
        found.append(raised(searched(sight.searcher, narrowed, most), lift))
    return known.total, merged(found)[:most]


def of_all(sight: Sight, matcher: Matcher, query: Query, most: int) -> Best:
    """The best wherever they are, and some more."""
    question = ("best", msgspec.structs.replace(query, near=()))
    known: Best | None = sight.memory.recall(question)
    if known is None:
        found = sight.searcher.search(matcher.anywhere(query).ranked, most + SPARE)
        known = Best(int(found.count), found.hits)
        if most <= FIRST:
            sight.memory.keep(question, known)
    return known


def those_free(searcher: Any, known: Best, most: int) -> Ranked | None:
    """Those of the best that are free anywhere, unless there may be more than these."""
    at = searcher.fast_field_values("free", [address for _, address in known.hits])
    found = [hit for hit, branch in zip(known.hits, at, strict=True) if branch is not None]
    return found if len(found) >= most or len(known.hits) == known.total else None


def searched(searcher: Any, wanted: Found, most: int) -> Ranked:
    hits: Ranked = searcher.search(wanted, most, count=False).hits
    return hits


def raised(hits: Ranked, lift: float) -> Ranked:
    return [(score + lift, address) for score, address in hits]


def merged(found: list[Ranked]) -> list[tantivy.DocAddress]:
    """All of them, best first, each as the last that has it ranks it; of equals the older first."""
    scores = {(at.segment_ord, at.doc): (score, at) for hits in found for score, at in hits}
    return [scores[place][1] for place in sorted(scores, key=lambda one: (-scores[one][0], one))]
