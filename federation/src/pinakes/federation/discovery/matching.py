"""From a question to what tantivy looks for: what must match, and what ranks higher."""

from itertools import product

import tantivy
from tantivy import Occur

from pinakes.federation.discovery.document import class_key, number_key
from pinakes.federation.discovery.query import Branch, Clause, Query, clauses
from pinakes.platform import text
from pinakes.platform.syllables import INITIALS, readings

WEIGHTS = {"title": 4.0, "names": 2.5, "subjects": 1.5}
PINYIN = {"title": "title_pinyin", "names": "names_pinyin"}
PINYIN_WEIGHT = 0.5  # of the words themselves
INITIALS_WEIGHT = 1.0
EXACT_WEIGHT = 40.0
WHOLE_WEIGHT = 3.0
INITIALS_LENGTH = range(2, 9)
NUMBER_LENGTH = 8
PAIR = 2
Found = tantivy.Query


class Matcher:
    """Makes queries for one schema."""

    def __init__(self, schema: tantivy.Schema) -> None:
        self._schema = schema

    def query(self, asked: Query) -> Found:
        """Everything that must hold, with the filters' scores at nought."""
        parts = clauses(asked.text)
        wanted = [(Occur.Must, self._filter(found)) for found in self._filters(asked)]
        if parts:
            wanted += self._words(parts)
        elif asked.text.strip():
            wanted.append((Occur.Must, tantivy.Query.empty_query()))
        return tantivy.Query.boolean_query(wanted)

    def _words(self, parts: list[Clause]) -> list[tuple[Occur, Found]]:
        wanted: list[tuple[Occur, Found]] = []
        for part in parts:
            wanted += self._clause(part)
        if not wanted:
            return [(Occur.Must, tantivy.Query.empty_query())]
        if not any(part.field for part in parts):
            wanted += [(Occur.Should, better) for better in self._as_a_whole(parts)]
        return wanted

    def _filters(self, asked: Query) -> list[Found]:
        within = "branch" if isinstance(asked.within, Branch) else "consortium"
        found = [tantivy.Query.term_query(self._schema, within, asked.within.id)]
        for field, values in (
            ("form", asked.forms),
            ("language", asked.languages),
            ("main_class", asked.classes),
        ):
            if values:
                found.append(tantivy.Query.term_set_query(self._schema, field, list(values)))
        first, last = asked.years
        if first is not None or last is not None:
            found.append(self._years(first, last))
        return found

    def _years(self, first: int | None, last: int | None) -> Found:
        return tantivy.Query.range_query(
            self._schema, "year", tantivy.FieldType.Integer, first, last
        )

    def _filter(self, query: Found) -> Found:
        return tantivy.Query.const_score_query(query, 0.0)

    def _clause(self, part: Clause) -> list[tuple[Occur, Found]]:
        """What one part of the question demands, and what it prefers."""
        if part.field == "numbers":
            return [(Occur.Must, self._term("numbers", number_key(part.text)))]
        if part.field == "classes":
            return [(Occur.Must, self._starting("classes", class_key(part.text)))]
        if part.phrase:
            grams = text.grams(part.text)
            return [(Occur.Must, self._row(grams, part.field))] if grams else []
        wanted: list[tuple[Occur, Found]] = []
        for run, cjk in text.runs(part.text):
            wanted += self._chinese(run, part.field) if cjk else [self._word(run, part.field)]
        if len(wanted) > 1 and len(part.text) >= NUMBER_LENGTH and part.text[0].isdigit():
            number = self._term("numbers", number_key(part.text))
            return [(Occur.Must, self._either([tantivy.Query.boolean_query(wanted), number]))]
        return wanted

    def _chinese(self, run: str, field: str) -> list[tuple[Occur, Found]]:
        """Each word of more than one character must be there; in a row is better."""
        whole = self._row(text.grams(run), field)
        words = [word for word in text.words(run) if len(word) > 1]
        if len(run) <= PAIR or not words or words == [run]:
            return [(Occur.Must, whole)]
        found = [(Occur.Must, self._row(text.grams(word), field)) for word in words]
        return [*found, (Occur.Should, tantivy.Query.boost_query(whole, WHOLE_WEIGHT))]

    def _word(self, word: str, field: str) -> tuple[Occur, Found]:
        """A word as it is, as pinyin, as first letters, or as a number."""
        ways = [self._row([word], field)]
        for words, pinyin in PINYIN.items():
            if field in ("", words):
                ways += [
                    self._weighed(self._in_a_row(pinyin, reading), WEIGHTS[words] * PINYIN_WEIGHT)
                    for reading in readings(word)
                ]
        if field in ("", "title") and len(word) in INITIALS_LENGTH and INITIALS.issuperset(word):
            ways.append(self._weighed(self._term("initials", word), INITIALS_WEIGHT))
        if not field and len(word) >= NUMBER_LENGTH and word[:-1].isdigit():
            ways.append(self._term("numbers", number_key(word)))
        return Occur.Must, self._either(ways)

    def _as_a_whole(self, parts: list[Clause]) -> list[Found]:
        """What lifts a title above others: it is exactly the question, or has it in a row."""
        words = " ".join(part.text for part in parts)
        better = [self._weighed(self._term("exact", text.key(words)), EXACT_WEIGHT)]
        runs = text.runs(words)
        if len(runs) > 1:
            better.append(self._weighed(self._row(text.grams(words), "title"), WHOLE_WEIGHT))
            better += self._pinyin_in_a_row([run for run, cjk in runs if not cjk], len(runs))
        return better

    def _pinyin_in_a_row(self, words: list[str], expected: int) -> list[Found]:
        """The syllables hong lou meng, typed as three words."""
        ways = [readings(word)[:2] for word in words[:6]]
        if len(words) != expected or not all(ways):
            return []
        rows = [[syllable for part in chosen for syllable in part] for chosen in product(*ways)]
        found = [self._in_a_row("title_pinyin", tuple(row)) for row in rows[:4]]
        return [self._weighed(each, WHOLE_WEIGHT) for each in found]

    def _row(self, grams: list[str], field: str) -> Found:
        """The grams one after another, in this field or the best of all."""
        fields = [field] if field else list(WEIGHTS)
        return self._either(
            [self._weighed(self._in_a_row(name, tuple(grams)), WEIGHTS[name]) for name in fields]
        )

    def _in_a_row(self, field: str, terms: tuple[str, ...]) -> Found:
        if len(terms) == 1:
            return self._term(field, terms[0])
        return tantivy.Query.phrase_query(self._schema, field, list(terms))

    def _term(self, field: str, term: str) -> Found:
        return tantivy.Query.term_query(self._schema, field, term)

    def _starting(self, field: str, start: str) -> Found:
        return tantivy.Query.fuzzy_term_query(self._schema, field, start, distance=0, prefix=True)

    def _weighed(self, query: Found, weight: float) -> Found:
        return tantivy.Query.boost_query(query, weight)

    def _either(self, ways: list[Found]) -> Found:
        if len(ways) == 1:
            return ways[0]
        return tantivy.Query.disjunction_max_query(ways, tie_breaker=0.1)
