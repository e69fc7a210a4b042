"""What tantivy can be asked for, in the words of our fields."""

import re
from collections.abc import Sequence

import tantivy
from tantivy import Occur

from pinakes.platform.text import CJK_RUN, LONGEST_WORD

SPECIAL = re.compile(r"[\\.+*?()|\[\]{}^$#&~-]")
LAST = "\U0010ffff"  # behind every character
WEIGHTS = {"title": 4.0, "names": 2.5, "subjects": 1.5}
PINYIN = {"title": "title_pinyin", "names": "names_pinyin"}  # how what stands in a field is said
Found = tantivy.Query


class Terms:
    """Makes parts of queries for one schema."""

    def __init__(self, schema: tantivy.Schema) -> None:
        self._schema = schema
        self._parser = tantivy.Index(schema)  # of nothing, in memory

    def term(self, field: str, term: str | int) -> Found:
        return Found.term_query(self._schema, field, term)

    def one_of(self, field: str, values: Sequence[str | int]) -> Found:
        if len(values) == 1:
            return self.term(field, values[0])
        return Found.boolean_query([(Occur.Should, self.term(field, value)) for value in values])

    def free(self) -> Found:
        """Titles with a copy to borrow, at any branch."""
        return Found.exists_query("free")

    def years(self, first: int | None, last: int | None) -> Found:
        return Found.range_query(self._schema, "year", tantivy.FieldType.Integer, first, last)

    def row(self, grams: list[str], field: str) -> Found:
        """The grams one after another, in this field or the best of all."""
        return self.either(self.rows(grams, field))

    def rows(self, grams: list[str], field: str) -> list[Found]:
        """The same, each field by itself."""
        fields = [field] if field else list(WEIGHTS)
        return [self.weighed(self.in_a_row(name, tuple(grams)), WEIGHTS[name]) for name in fields]

    def in_a_row(self, field: str, terms: tuple[str, ...]) -> Found:
        """A phrase; a character by itself stands at the end, or begins a pair."""
        lone = len(terms[-1]) == 1 and CJK_RUN.match(terms[-1])
        if len(terms) == 1:
            return self.starting(field, terms[0]) if lone else self.term(field, terms[0])
        if lone:
            return Found.phrase_prefix_query(self._schema, field, list(terms))
        return Found.phrase_query(self._schema, field, list(terms))

    def starting(self, field: str, start: str) -> Found:
        """Terms that begin so: from the first to the last that does, as they lie in order.

        As a fuzzy term without slips it takes thirty times as long: that looks at every Chinese
        character there is. Only a parser makes a range of words; signs would mean something to it.
        """
        start = start[:LONGEST_WORD]
        if start.isalnum() and start == start.lower():
            return self._parser.parse_query(f"{field}:[{start} TO {start}{LAST}]")
        return self.pattern(field, SPECIAL.sub(r"\\\g<0>", start) + ".*")

    def pattern(self, field: str, like: str) -> Found:
        """Terms that are like a pattern from their beginning to their end."""
        return Found.regex_query(self._schema, field, like)

    def nearly(self, field: str, term: str, slips: int) -> Found:
        """Terms that differ by so many letters: another one, one more, one less, two swapped."""
        return Found.fuzzy_term_query(self._schema, field, term, distance=slips)

    def weighed(self, query: Found, weight: float) -> Found:
        return Found.boost_query(query, weight)

    def scored(self, query: Found, score: float) -> Found:
        """The same score for all."""
        return Found.const_score_query(query, score)

    def filter(self, query: Found) -> Found:
        """What must hold, and ranks nothing."""
        return Found.const_score_query(query, 0.0)

    def either(self, ways: Sequence[Found]) -> Found:
        if len(ways) == 1:
            return ways[0]
        return Found.disjunction_max_query(ways, tie_breaker=0.1)
