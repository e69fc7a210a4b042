"""From a question to what tantivy looks for: what must match, and what ranks higher."""

from collections.abc import Callable, Sequence
from itertools import product
from typing import NamedTuple

import tantivy
from tantivy import Occur

from pinakes.federation.discovery.document import class_key, number_key
from pinakes.federation.discovery.loosely import Loose
from pinakes.federation.discovery.query import (
    MOST_CLAUSES,
    Branch,
    Clause,
    Consortium,
    Query,
    clauses,
    is_call_number,
)
from pinakes.federation.discovery.terms import WEIGHTS, Found, Terms
from pinakes.federation.discovery.wording import END, START
from pinakes.platform import text
from pinakes.platform.syllables import INITIALS, readings

PINYIN = {"title": "title_pinyin", "names": "names_pinyin"}
PINYIN_WEIGHT = 0.5  # of the words themselves
INITIALS_WEIGHT = 1.0
WHOLE_INITIALS_WEIGHT = 3.0
EXACT_WEIGHT = 40.0
START_WEIGHT = 2.0
WHOLE_WEIGHT = 3.0
NEARBY = (0.5, 1.0, 1.5)  # more score for a copy to borrow anywhere; nearby; at the nearest branch
INITIALS_LENGTH = range(2, 9)
INITIALS_WHOLE = 2  # so few letters must be all of a title
NUMBER_LENGTH = 8
PAIR = 2
BEGINNINGS = {"exact": 3.0, "said": 3.0, "named": 2.0, "initials": 1.5}
SHORTEST_BEGINNING = 2  # letters
MOST_BEGINNING = 8  # words, and pairs of characters, that tell what is being typed

type Wanted = tuple[Occur, Found]


class Asked(NamedTuple):
    """A question in tantivy's terms: with what ranks higher, and what must match alone."""

    ranked: Found
    plain: Found


class Matcher:
    """Makes queries for one schema."""

    def __init__(self, schema: tantivy.Schema) -> None:
        self._terms = Terms(schema)
        self._loose = Loose(self._terms)

    def query(self, asked: Query) -> Asked:
        """Everything that must hold; what ranks higher, and what is free nearby above that."""
        found = self._query(asked, self._clause)
        return found._replace(ranked=self._lifted(found.ranked, asked))

    def loose_query(self, asked: Query) -> Asked:
        """The same with a slip of the keys in any word."""
        parts = clauses(asked.text)
        plain = not any(part.field or part.phrase for part in parts)
        whole = self._loose.whole(" ".join(part.text for part in parts)) if plain else []
        return self._query(asked, self._loose_clause, whole)

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
            wanted += [(Occur.Should, better) for better in self._as_a_whole(parts)]
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

    def _lifted(self, ranked: Found, asked: Query) -> Found:
        """Free anywhere, nearby, here: each lies within the one before, and ranks higher.

        Each wish wraps the one before: side by side they would all be looked through.
        """
        if not asked.near or not asked.text.strip():
            return ranked
        nearby, here = self._terms.one_of("free", asked.near), asked.near[0]
        free = (self._terms.free(), nearby, self._terms.term("free", here))
        for where, lift in zip(free, NEARBY, strict=True):
            better = self._terms.scored(where, lift)
            ranked = tantivy.Query.boolean_query([(Occur.Must, ranked), (Occur.Should, better)])
        return ranked

    def _both(self, ranked: Found, where: Found) -> Found:
        place = self._terms.filter(where)
        return tantivy.Query.boolean_query([(Occur.Must, ranked), (Occur.Must, place)])

    def _clause(self, part: Clause) -> list[Wanted]:
        """What one part of the question demands, and what it prefers."""
        if part.field == "numbers":
            return [(Occur.Must, self._terms.term("numbers", number_key(part.text)))]
        if part.field == "classes":
            return [(Occur.Must, self._terms.starting("classes", class_key(part.text)))]
        if part.phrase:
            grams = text.grams(part.text)
            return [(Occur.Must, self._terms.row(grams, part.field))] if grams else []
        wanted: list[Wanted] = []
        for run, cjk in text.runs(part.text)[:MOST_CLAUSES]:
            wanted += self._chinese(run, part.field) if cjk else [self._word(run, part.field)]
        ways = self._numbers(part) if wanted else []
        if ways:
            both = [tantivy.Query.boolean_query(wanted), *ways]
            return [(Occur.Must, self._terms.either(both))]
        return wanted

    def _loose_clause(self, part: Clause) -> list[Wanted]:
        """The same with a slip of the keys; numbers and phrases are meant as they are."""
        if part.phrase or part.field in ("numbers", "classes"):
            return self._clause(part)
        wanted: list[Wanted] = []
        for run, cjk in text.runs(part.text)[:MOST_CLAUSES]:
            if cjk:
                strict = tantivy.Query.boolean_query(self._chinese(run, part.field))
                ways = [strict, *self._loose.chinese(run, part.field)]
            else:
                ways = [self._word(run, part.field)[1], *self._loose.word(run, part.field)]
            wanted.append((Occur.Must, self._terms.either(ways)))
        return wanted

    def _numbers(self, part: Clause) -> list[Found]:
        """What a word may be besides: an ISBN with its hyphens, a class or call number."""
        written = part.written
        ways: list[Found] = []
        if len(written) >= NUMBER_LENGTH and written[0].isdigit():
            ways.append(self._terms.term("numbers", number_key(written)))
        if is_call_number(written):
            ways.append(self._terms.starting("classes", class_key(written)))
        return ways

    def _chinese(self, run: str, field: str) -> list[Wanted]:
        """Each word of more than one character must be there; in a row is better."""
        whole = self._terms.row(text.grams(run), field)
        words = [word for word in text.words(run) if len(word) > 1]
        if len(run) <= PAIR or not words or words == [run]:
            return [(Occur.Must, whole)]
        found = [(Occur.Must, self._terms.row(text.grams(word), field)) for word in words]
        return [*found, (Occur.Should, self._terms.weighed(whole, WHOLE_WEIGHT))]

    def _word(self, word: str, field: str) -> Wanted:
        """A word as it is, as pinyin, as first letters, or as a number."""
        ways = [self._terms.row([word], field)]
        for words, pinyin in PINYIN.items():
            if field in ("", words):
                ways += [
                    self._terms.weighed(
                        self._terms.in_a_row(pinyin, reading), WEIGHTS[words] * PINYIN_WEIGHT
                    )
                    for reading in readings(word)
                ]
        if field in ("", "title") and len(word) in INITIALS_LENGTH and INITIALS.issuperset(word):
            ways += self._initials(word)
        if not field and len(word) >= NUMBER_LENGTH and word[:-1].isdigit():
            ways.append(self._terms.term("numbers", number_key(word)))
        return Occur.Must, self._terms.either(ways)

    def _initials(self, word: str) -> list[Found]:
        """The letters hlm begin 红楼梦研究, and are all that 红楼梦 has."""
        whole = self._terms.scored(self._terms.term("initials", word + END), WHOLE_INITIALS_WEIGHT)
        if len(word) <= INITIALS_WHOLE:
            return [whole]
        begin = self._terms.starting("initials", word)
        return [whole, self._terms.scored(begin, INITIALS_WEIGHT)]

    def _as_a_whole(self, parts: list[Clause]) -> list[Found]:
        """What lifts a title above others: it is exactly the question, or has it in a row."""
        words = " ".join(part.text for part in parts)
        grams, runs = text.grams(words), text.runs(words)
        key = text.key(words)
        fields = ("exact", "said") if key.isascii() else ("exact",)
        better = [self._terms.weighed(self._terms.term(name, key), EXACT_WEIGHT) for name in fields]
        if grams:
            start = self._terms.term("title", START + grams[0])
            better.append(self._terms.scored(start, START_WEIGHT))
        if len(runs) > 1:
            better.append(self._terms.weighed(self._terms.row(grams, "title"), WHOLE_WEIGHT))
            better += self._pinyin_in_a_row([run for run, cjk in runs if not cjk], len(runs))
        return better

    def _pinyin_in_a_row(self, words: list[str], expected: int) -> list[Found]:
        """The syllables hong lou meng, typed as three words."""
        ways = [readings(word)[:2] for word in words[:6]]
        if len(words) != expected or not all(ways):
            return []
        rows = [[syllable for part in chosen for syllable in part] for chosen in product(*ways)]
        found = [self._terms.in_a_row("title_pinyin", tuple(row)) for row in rows[:4]]
        return [self._terms.weighed(each, WHOLE_WEIGHT) for each in found]
