"""One public title as the index wants it: plain words in, tokens out."""

from functools import lru_cache
from uuid import UUID

import msgspec
import tantivy

from pinakes.platform import text
from pinakes.tenants.catalogue.keys import isbn13

VERSION = 1
"""Raised with every change of fields or tokens: an index of another version must be rebuilt."""

LONGEST_SORT_KEY = 60
LONGEST_WORD = 60
MOST_INITIALS = 8
WORDS_IN_A_ROW = 4


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """A public title. ``title`` is with its subtitle, ``titles`` are its other ones.

    ``branches`` are all that hold it; without any it is found by nobody. ``pinyin`` is what a
    cataloguer wrote. ``numbers`` are ISBNs and ISSNs in any form, ``classes`` class numbers,
    ``main_class`` what the class facet counts. ``added`` is any number that grows with time.
    """

    id: UUID
    consortium: int
    branches: tuple[int, ...]
    title: str
    added: int
    short_title: str = ""
    filing: str = ""
    titles: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    subjects: tuple[str, ...] = ()
    pinyin: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    main_class: str = ""
    language: str = ""
    form: str = ""
    year: int | None = None


def schema() -> tantivy.Schema:
    """The fields of the index."""
    builder = tantivy.SchemaBuilder()
    builder.add_text_field("id", stored=True, tokenizer_name="raw", index_option="basic")
    for name in ("consortium", "branch"):
        builder.add_unsigned_field(name, indexed=True, fast=True)
    for name in ("title", "names", "subjects", "title_pinyin", "names_pinyin"):
        builder.add_text_field(name, tokenizer_name="whitespace", index_option="position")
    builder.add_text_field("initials", tokenizer_name="whitespace", index_option="basic")
    for name in ("exact", "numbers", "classes"):
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic")
    for name in ("form", "language", "main_class", "sort"):
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic", fast=True)
    builder.add_integer_field("year", indexed=True, fast=True)
    builder.add_unsigned_field("added", indexed=True, fast=True)
    return builder.build()


def tokens(document: Document) -> tantivy.Document:
    """The document as tantivy takes it."""
    made = tantivy.Document()
    made.add_text("id", str(document.id))
    made.add_unsigned("consortium", document.consortium)
    for branch in document.branches:
        made.add_unsigned("branch", branch)
    _add_titles(made, document)
    _add_words(made, "names", document.names)
    _add_words(made, "subjects", document.subjects)
    for name in document.names:
        made.add_text("names_pinyin", " ".join(_spoken(name)))
    for number in document.numbers:
        made.add_text("numbers", number_key(number))
    for number in document.classes:
        made.add_text("classes", class_key(number))
    _add_facts(made, document)
    return made


def number_key(written: str) -> str:
    """An ISBN of either length as 13 digits; any other number as its letters and digits."""
    return isbn13(written) or text.key(written)


def class_key(written: str) -> str:
    """A class number without blanks, in capitals."""
    return "".join(written.split()).upper()


def _add_titles(made: tantivy.Document, document: Document) -> None:
    titles = (document.title, *document.titles)
    _add_words(made, "title", titles)
    for title in (document.short_title, *titles):
        if title:
            made.add_text("exact", text.key(title))
    read = text.pinyin(document.title)
    syllables = _syllables(read)
    made.add_text("title_pinyin", " ".join(syllables))
    for words in document.pinyin:
        made.add_text("title_pinyin", text.fold(words))
    made.add_text("initials", " ".join(_initials(read)))
    short = document.short_title
    made.add_text("exact", "".join(_spoken(short) if short else syllables))
    key = " ".join(_spoken(document.filing) if document.filing else syllables)
    made.add_text("sort", key[:LONGEST_SORT_KEY] or "\uffff")


def _add_words(made: tantivy.Document, field: str, values: tuple[str, ...]) -> None:
    for value in values:
        pairs, more = _words(value)
        made.add_text(field, pairs)
        if more:
            made.add_text(field, more)


@lru_cache(maxsize=20_000)
def _words(value: str) -> tuple[str, str]:
    """Pairs in a row for substrings; then whole words (which so count twice) and characters."""
    folded = text.fold(value)
    pairs = " ".join([gram[:LONGEST_WORD] for gram in text.grams(folded)])
    return pairs, "" if folded.isascii() else " ".join(text.index_words(folded))


def _add_facts(made: tantivy.Document, document: Document) -> None:
    made.add_text("form", document.form)
    made.add_text("language", document.language)
    made.add_text("main_class", document.main_class)
    made.add_unsigned("added", document.added)
    if document.year is not None:
        made.add_integer("year", document.year)


@lru_cache(maxsize=20_000)
def _spoken(words: str) -> list[str]:
    return _syllables(text.pinyin(words))


def _syllables(words: list[list[str]]) -> list[str]:
    return [syllable[:LONGEST_WORD] for word in words for syllable in word]


def _initials(words: list[list[str]]) -> set[str]:
    """First letters of every few words in a row: hlm and hlmyj for 红楼梦研究; and of its start."""
    letters = ["".join([syllable[0] for syllable in word]) for word in words]
    found: set[str] = set()
    for start in range(len(letters)):
        row = ""
        for part in letters[start : start + WORDS_IN_A_ROW]:
            row += part
            found.add(row)
    whole = "".join(letters)[:MOST_INITIALS]
    found.update([whole[:length] for length in range(2, len(whole) + 1)])
    return {row for row in found if 1 < len(row) <= MOST_INITIALS and row.isascii()}
