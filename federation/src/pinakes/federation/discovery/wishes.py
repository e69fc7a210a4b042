"""What each part of a question demands of a title, and what it prefers."""

import re
from itertools import product

import tantivy
from tantivy import Occur

from pinakes.federation.discovery.document import class_key, number_key
from pinakes.federation.discovery.loosely import Loose
from pinakes.federation.discovery.query import MOST_CLAUSES, PAIR, Clause, is_call_number
from pinakes.federation.discovery.terms import PINYIN, WEIGHTS, Found, Terms
from pinakes.federation.discovery.wording import END, START
from pinakes.platform import text
from pinakes.platform.syllables import INITIALS, readings

PINYIN_WEIGHT = 0.5  # of the words themselves
INITIALS_WEIGHT = 1.0
WHOLE_INITIALS_WEIGHT = 3.0
EXACT_WEIGHT = 40.0
START_WEIGHT = 2.0
WHOLE_WEIGHT = 3.0
INITIALS_LENGTH = range(2, 9)
INITIALS_WHOLE = 2  # so few letters must be all of a title
NUMBER_LENGTH = 8
JOINED = re.compile(r"\b\w['’](?=\w)|(?<=\w)['’]\w\b")  # the s of China's, the l of l'art

type Wanted = tuple[Occur, Found]


class Wishes:
    """Makes them for one schema."""

    def __init__(self, terms: Terms, loose: Loose) -> None:
        self._terms = terms
        self._loose = loose

    def strictly(self, part: Clause) -> list[Wanted]:
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

    def loosely(self, part: Clause) -> list[Wanted]:
        """The same with a slip of the keys; numbers and phrases are meant as they are."""
        if part.phrase or part.field in ("numbers", "classes"):
            return self.strictly(part)
        wanted: list[Wanted] = []
        for run, cjk in text.runs(JOINED.sub(" ", part.text))[:MOST_CLAUSES]:
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
        return Occur.Must, self._terms.either(self.ways(word, field))

    def ways(self, word: str, field: str = "") -> list[Found]:
        """A word as it is, as pinyin, as first letters, or as a number."""
        ways = self._terms.rows(text.grams(word), field)
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
        return ways

    def _initials(self, word: str) -> list[Found]:
        """The letters hlm begin 红楼梦研究, and are all that 红楼梦 has."""
        whole = self._terms.scored(self._terms.term("initials", word + END), WHOLE_INITIALS_WEIGHT)
        if len(word) <= INITIALS_WHOLE:
            return [whole]
        begin = self._terms.starting("initials", word)
        return [whole, self._terms.scored(begin, INITIALS_WEIGHT)]

    def as_a_whole(self, parts: list[Clause]) -> list[Found]:
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
