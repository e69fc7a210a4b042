"""One public title as the index wants it: plain words in, tokens out."""

from collections.abc import Iterable
from typing import Any
from unicodedata import normalize
from uuid import UUID

import msgspec
import tantivy

from pinakes.federation.discovery.wording import (
    START,
    Wording,
    heading,
    initials,
    together,
    worded,
)
from pinakes.platform import text
from pinakes.tenants.catalogue.keys import isbn13

VERSION = 8
"""Raised with every change of fields or tokens: an index of another version must be rebuilt."""

LONGEST_SORT_KEY = 40
LONGEST_KEY = 200
LAST = "\uffff"  # sorts behind everything
ISBN_DIGITS = 13
SUGGESTED = 4  # of each kind


class Document(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A public title. ``titles`` are its other ones.

    ``branches`` are all that hold it; without any it is found by nobody. ``free`` are those of
    them that have a copy to borrow now. ``pinyin`` is what a cataloguer wrote. ``numbers`` are
    ISBNs and ISSNs in any form, ``classes`` class numbers and call numbers, ``main_class`` what
    the class facet counts. ``added`` is any number that grows with time.
    """

    id: UUID
    consortium: int
    branches: tuple[int, ...]
    title: str
    added: int
    free: tuple[int, ...] = ()
    subtitle: str = ""
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


class Shown(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What the index keeps of a title: what suggestions are made of, and what facets count."""

    title: str
    names: tuple[str, ...] = ()
    subjects: tuple[str, ...] = ()
    form: str = ""
    language: str = ""
    main_class: str = ""
    year: int | None = None


SHOWN = msgspec.json.Encoder()


def schema() -> tantivy.Schema:
    """The fields of the index."""
    builder = tantivy.SchemaBuilder()
    builder.add_text_field("id", stored=True, tokenizer_name="raw", index_option="basic")
    builder.add_bytes_field("shown", stored=True)
    for name in ("consortium", "branch", "free"):
        builder.add_unsigned_field(name, indexed=True, fast=True)
    for name in ("title", "names", "subjects", "title_pinyin", "names_pinyin"):
        builder.add_text_field(name, tokenizer_name="whitespace", index_option="position")
    for name in ("exact", "said", "named", "spelled", "initials", "numbers", "classes"):
        builder.add_text_field(name, tokenizer_name="whitespace", index_option="basic")
    for name in ("form", "language", "main_class", "sort"):
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic", fast=True)
    builder.add_integer_field("year", indexed=True, fast=True)
    builder.add_unsigned_field("added", indexed=True, fast=True)
    return builder.build()


SCHEMA = schema()


def tokens(document: Document) -> tantivy.Document:
    """The document as tantivy takes it."""
    make: Any = tantivy.Document
    made: tantivy.Document = make.from_dict(facts(document), SCHEMA)
    return made


def prepared(document: Document) -> str:
    """The same as a process may tell it to another."""
    return msgspec.json.encode(facts(document)).decode()


def facts(document: Document) -> dict[str, object]:
    """The tokens of every field: those of one text in a row, or all where no phrase is looked for.

    Each value costs tantivy a copy, however short it is.
    """
    short = worded(document.title)
    whole = together(short, worded(document.subtitle)) if document.subtitle else short
    titles = [whole, *[worded(title) for title in document.titles]]
    names = [heading(name) for name in document.names]
    subjects = [heading(subject) for subject in document.subjects]
    found: dict[str, object] = {
        "id": str(document.id),
        "shown": shown(document),
        "consortium": document.consortium,
        "branch": list(document.branches),
        "title": [*begun(whole), *lines(titles)],
        "names": lines(names),
        "subjects": lines(subjects),
        "spelled": " ".join(spelled(*titles, *names, *subjects)),
        "title_pinyin": said([whole]) + [worded(one).row for one in document.pinyin],
        "names_pinyin": said(names),
        "exact": " ".join({one.key[:LONGEST_KEY] for one in (short, *titles)}),
        "said": joined({short.key: short, whole.key: whole}.values()),
        "named": joined(names),
        "initials": " ".join(initials(short)),
        "form": document.form,
        "language": document.language,
        "main_class": document.main_class,
        "sort": sort_key(document, short),
        "added": document.added,
    }
    if document.free:
        found["free"] = list(document.free)
    if document.numbers:
        found["numbers"] = " ".join([number_key(number) for number in document.numbers])
    if document.classes:
        found["classes"] = " ".join([class_key(number) for number in document.classes])
    if document.year is not None:
        found["year"] = document.year
    return found


def shown(document: Document) -> bytes:
    """What is kept of it."""
    return SHOWN.encode(
        Shown(
            document.title,
            document.names[:SUGGESTED],
            document.subjects[:SUGGESTED],
            document.form,
            document.language,
            document.main_class,
            document.year,
        )
    )


def begun(title: Wording) -> list[str]:
    """What tells a title that begins with a word from one that has it."""
    return [START + title.row.partition(" ")[0]] if title.row else []


def lines(texts: list[Wording]) -> list[str]:
    """Each text in a row, so that no phrase reaches from one into the next; then what is more."""
    return [line for one in texts for line in one.lines]


def spelled(*texts: Wording) -> set[str]:
    """The words of all of them in which a slip is looked for."""
    return set(" ".join([one.spelled for one in texts]).split())


def said(texts: list[Wording]) -> list[str]:
    """How the Chinese ones are said."""
    return [one.said for one in texts if one.said]


def joined(texts: Iterable[Wording]) -> str:
    """How the Chinese ones are said, each in one."""
    return " ".join([one.sound[:LONGEST_KEY] for one in texts if one.said])


def sort_key(document: Document, short: Wording) -> str:
    """What titles sort by: without the article that they begin with, Chinese as it is said."""
    if document.filing not in ("", document.title):
        short = worded(document.filing)
    return (short.said or short.row)[:LONGEST_SORT_KEY] or LAST


def number_key(written: str) -> str:
    """An ISBN of either length as 13 digits; any other number as its letters and digits."""
    if len(written) == ISBN_DIGITS and written.isdigit() and written.isascii():
        return written
    return isbn13(written) or text.key(written)


def class_key(written: str) -> str:
    """A class number without blanks, in capitals, of narrow signs; Dewey's without strokes."""
    plain = written if written.isascii() else normalize("NFKC", written)
    key = "".join(plain.split()).upper()
    return key.replace("/", "") if key[:1].isdigit() else key
