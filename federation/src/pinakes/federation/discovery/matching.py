"""From a question to what tantivy looks for: what must match, and what ranks higher."""

from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import NamedTuple

import tantivy
from tantivy import Occur

from pinakes.federation.discovery.loosely import Loose
from pinakes.federation.discovery.query import (
    MOST_CLAUSES,
    Branch,
    Clause,
    Consortium,
    Order,
    Query,
    clauses,
)
from pinakes.federation.discovery.terms import WEIGHTS, Found, Terms
from pinakes.federation.discovery.wishes import Wanted, Wishes
from pinakes.platform import text

NEARBY = (0.5, 1.0, 1.5)  # more score for a copy to borrow anywhere; nearby; at the nearest branch
BEGINNINGS = {"exact": 3.0, "said": 3.0, "named": 2.0, "initials": 1.5}
SHORTEST_BEGINNING = 2  # letters
MOST_BEGINNING = 8  # words, and pairs of characters, that tell what is being typed


class Asked(NamedTuple):
    """A question in tantivy's terms: with what ranks higher, and what must match alone."""

    ranked: Found
    plain: Found


class Matcher:
    """Makes queries for one schema."""

    def __init__(self, schema: tantivy.Schema) -> None:
        self._terms = Terms(schema)
        self._loose = Loose(self._terms)
        self._wishes = Wishes(self._terms, self._loose)

    def query(self, asked: Query) -> Asked:
        """Everything that must hold; what ranks higher, and what is free nearby above that."""
        found = self.anywhere(asked)
        return found._replace(ranked=self._lifted(found.ranked, asked))

    def anywhere(self, asked: Query) -> Asked:
        """The same wherever the copies are."""
        return self._query(asked, self._wishes.strictly)

    def at(self, asked: Query, word: str, where: Found) -> Found:
        """What answers the question of one *word*, and is there.

        Each way to find the word is narrowed by itself: that looks at those few titles alone.
        """
        ways = [self._both(way, where) for way in self._wishes.ways(word)]
        wanted = (Occur.Must, self._terms.either(ways))
        return self._query(asked, lambda _: [wanted]).ranked

    def loose_query(self, asked: Query) -> Asked:
        """The same with a slip of the keys in any word."""
        parts = clauses(asked.text)
        plain = not any(part.field or part.phrase for part in parts)
        whole = self._loose.whole(" ".join(part.text for part in parts)) if plain else []
        return self._query(asked, self._wishes.loosely, whole)

    def narrow(self, wanted: Found, asked: Query) -> Found:
        """Of what is *wanted*, what can be borrowed now where *asked* says."""
        return self._both(wanted, self._free(asked))

    def beginning(self, within: Branch | Consortium, typed: str) -> Found | None:
        """What may be meant by somebody who has typed so much; None when that is too little."""
        key, grams = text.key(typed), text.grams(text.fold(typed))
        if not grams or (key.isascii() and len(key) < SHORTEST_BEGINNING):
            return None
        ways = [
            self._terms.scored(self._terms.starting(field, key), weight)
            for field, weight in BEGINNINGS.items()
        ]
        ways.append(self._terms.scored(self._begun(grams), 1.0))
        place = self._terms.filter(self._within(within))
        return tantivy.Query.boolean_query(
            [(Occur.Must, place), (Occur.Must, self._terms.either(ways))]
        )

    def _begun(self, grams: list[str]) -> Found:
        """All words but the last are whole."""
        *whole, last = grams[:MOST_BEGINNING]
        wanted = [(Occur.Must, self._terms.row([gram], "")) for gram in whole]
        fields = [self._terms.starting(field, last) for field in WEIGHTS]
        return tantivy.Query.boolean_query([*wanted, (Occur.Must, self._terms.either(fields))])

    def _query(
        self,
        asked: Query,
        clause: Callable[[Clause], list[Wanted]],
        instead: Sequence[Found] = (),
    ) -> Asked:
        parts = clauses(asked.text)
        wanted = [(Occur.Must, self._terms.filter(found)) for found in self._filters(asked)]
        if parts:
            words = self._words(parts, clause)
            if instead:
                both = [tantivy.Query.boolean_query(words), *instead]
                words = [(Occur.Must, self._terms.either(both))]
            wanted += words
        elif asked.text.strip():
            wanted.append((Occur.Must, tantivy.Query.empty_query()))
        musts = [one for one in wanted if one[0] == Occur.Must]
        return Asked(tantivy.Query.boolean_query(wanted), tantivy.Query.boolean_query(musts))

    def _words(self, parts: list[Clause], clause: Callable[[Clause], list[Wanted]]) -> list[Wanted]:
        wanted: list[Wanted] = []
        for part in parts:
            wanted += clause(part) if len(wanted) < MOST_CLAUSES else []
        if not wanted:
            return [(Occur.Must, tantivy.Query.empty_query())]
        if not any(part.field for part in parts):
            wanted += [(Occur.Should, better) for better in self._wishes.as_a_whole(parts)]
        return wanted

    def _filters(self, asked: Query) -> list[Found]:
        found = [self._within(asked.within)]
        for field, values in (
            ("form", asked.forms),
            ("language", asked.languages),
            ("main_class", asked.classes),
            ("branch", asked.branches),
        ):
            if values:
                found.append(self._terms.one_of(field, values))
        if asked.available:
            found.append(self._free(asked))
        first, last = asked.years
        if first is not None or last is not None:
            found.append(self._terms.years(first, last))
        return found

    def _within(self, reach: Branch | Consortium) -> Found:
        return self._terms.term("branch" if isinstance(reach, Branch) else "consortium", reach.id)

    def _free(self, asked: Query) -> Found:
        """A copy to borrow at one of the branches that were chosen, or anywhere within reach."""
        here = (asked.within.id,) if isinstance(asked.within, Branch) else ()
        chosen = asked.branches or here
        return self._terms.one_of("free", chosen) if chosen else self._terms.free()

    def lifts(self, asked: Query) -> list[tuple[Found, float]]:
        """Free anywhere, nearby, here: each lies within the one before, and ranks higher."""
        if not asked.near or not asked.text.strip() or asked.order is not Order.RELEVANCE:
            return []
        nearby, here = self._terms.one_of("free", asked.near), asked.near[0]
        free = (self._terms.free(), nearby, self._terms.term("free", here))
        return list(zip(free, NEARBY, strict=True))

    def nearer(self, asked: Query) -> list[tuple[Found, float]]:
        """Free around, and free here; with all that it ranks higher for."""
        _, nearby, at_home = accumulate(NEARBY)
        around = self._terms.one_of("free", asked.near[1:])
        return [(around, nearby), (self._terms.term("free", asked.near[0]), at_home)]

    def _lifted(self, ranked: Found, asked: Query) -> Found:
        """Each wish wraps the one before: side by side they would all be looked through."""
        for where, lift in self.lifts(asked):
            better = self._terms.scored(where, lift)
            ranked = tantivy.Query.boolean_query([(Occur.Must, ranked), (Occur.Should, better)])
        return ranked

    def _both(self, ranked: Found, where: Found) -> Found:
        place = self._terms.filter(where)
        return tantivy.Query.boolean_query([(Occur.Must, ranked), (Occur.Must, place)])
