"""From a record to the description of a title, by its dialect's table."""

import re
from collections.abc import Iterable
from typing import Any

from pinakes.tenants.catalogue.keys import isbn13, issn8
from pinakes.tenants.catalogue.marc.coded import (
    Firsts,
    age,
    agency,
    carrier,
    firsts,
    form,
    language,
    languages,
    year,
)
from pinakes.tenants.catalogue.marc.record import Dialect, Record, subfields
from pinakes.tenants.catalogue.marc.rules import tables
from pinakes.tenants.catalogue.marc.taking import Parts, Taken, parts_of
from pinakes.tenants.catalogue.marc.tidying import balanced, plain, unbracketed
from pinakes.tenants.catalogue.marc.title import Class, Isbn, Link, Name, Title

SCHEMES = {  # what a number of each looks like; other ones are a library's own
    "clc": re.compile(r"[A-KN-VXZ]"),
    "ddc": re.compile(r"[0-9]{3}|\[?[A-Z]"),
    "lcc": re.compile(r"[A-Z]{1,3} ?[0-9]"),
    "udc": re.compile(r"[0-9(=\"]"),
}
LEADS = re.compile(r"(https?|ftp|urn|doi|hdl|info):|[^:]*(/|$)", re.IGNORECASE)  # no script
PINYIN = "A9"
FIRST = ("subtitle", "responsibility", "edition", "specific", "extent", "audience", "summary")
ALL = ("uniform", "series", "subjects")
NO_FILING = (("\x88", "\x89"), ("\x98", "\x9c"))


def title_of(record: Record) -> Title:
    """The description of the title that this record is about."""
    parts = parts_of(record)
    known, first = tables(record.dialect), firsts(record)
    parallel = _parallel(parts["parallel"])
    title, *titles = _titles(parts, parallel)
    published = balanced(_shown(parts, "published").lstrip(".,; "))
    issn, issn_wrong = _issns(parts)
    spoken, original = _languages(parts, "languages"), _languages(parts, "original")
    return Title(
        **_as_they_are(parts),
        control_number=first.get("001", "").strip(),
        agency=agency(record),
        title=title,
        filing=_filing(record.dialect, parts, title),
        titles=tuple(titles),
        parallel=parallel,
        names=tuple(_name(record.dialect, taken) for taken in parts["names"]),
        pinyin=_words(parts["pinyin"]),
        place=unbracketed(_shown(parts, "place")),
        publisher=unbracketed(_shown(parts, "publisher")),
        published=published,
        year=year(known, first, published),
        isbn=_isbns(parts),
        issn=issn,
        issn_wrong=issn_wrong,
        classes=_classes(parts),
        language=language(known, first, spoken[0] if spoken else ""),
        languages=spoken,
        original=original[0] if original else "",
        form=form(record, first),
        carrier=carrier(known, _carriers(parts, first)),
        age=age(known, first),
        notes=_words(parts["notes"]),
        links=_links(parts["links"]),
    )


def _as_they_are(parts: Parts) -> dict[str, Any]:
    """The parts that the title shows under their own names: the first of each, or all."""
    return {name: _shown(parts, name) for name in FIRST} | {
        name: _all_shown(parts, name) for name in ALL
    }


def _carriers(parts: Parts, first: Firsts) -> list[tuple[str, str]]:
    """The codes that tell what it is on; those of 007 are older than the others."""
    return [(taken.tag, taken.words) for taken in parts["carrier"]] + [
        ("007", first.get("007", ""))
    ]


def _shown(parts: Parts, part: str) -> str:
    return parts[part][0].shown if part in parts else ""


def _all_shown(parts: Parts, part: str) -> tuple[str, ...]:
    return _distinct([taken.shown for taken in parts[part]]) if part in parts else ()


def _languages(parts: Parts, part: str) -> tuple[str, ...]:
    return languages(taken.words for taken in parts[part]) if part in parts else ()


def _words(taken: list[Taken]) -> tuple[str, ...]:
    return tuple(each.words for each in taken)


def _distinct(words: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(word for word in words if word))


def _parallel(taken: list[Taken]) -> tuple[str, ...]:
    """The title in other languages: each by itself."""
    if not taken:
        return ()
    return _distinct(words for each in taken for words in each.shown.split(" = "))


def _titles(parts: Parts, parallel: tuple[str, ...]) -> tuple[str, ...]:
    """The title to show, then every other one; a single empty one when there is none at all."""
    others = parts["uniform"] + parts["titles"]
    shown = [_shown(parts, "title"), *parallel, *(each.shown for each in others)]
    romanised = (each.words for each in parts["title"] + others if each.twin)
    return _distinct([*shown, *romanised]) or ("",)


def _filing(dialect: Dialect, parts: Parts, title: str) -> str:
    """The title as it is sorted, without its article."""
    if not parts["title"]:
        return title
    text = parts["title"][0].other or parts["title"][0].text
    if dialect is Dialect.MARC21:
        return title[int(text[1]) :].lstrip() if text[1:2].isdecimal() else title
    for start, end in NO_FILING:
        before, found, rest = text.partition("\x1fa")[2].partition(start)
        if found and not before:
            article = plain(rest.partition(end)[0])
            return title.removeprefix(article).lstrip()
    return title


def _name(dialect: Dialect, taken: Taken) -> Name:
    if taken.twin and (words := taken.words):
        return Name(balanced(taken.twin), (balanced(words),), taken.extra)
    if dialect is Dialect.MARC21:
        return Name(balanced(taken.shown), (), taken.extra)
    pinyin = (plain(value) for code, value in subfields(taken.text) if code in PINYIN)
    return Name(taken.words, tuple(p for p in pinyin if p and not p.isdecimal()), taken.extra)


def _isbns(parts: Parts) -> tuple[Isbn, ...]:
    """Valid ones once each; wrong and cancelled ones as written, so that nothing is lost."""
    found = dict.fromkeys(Isbn(taken.words, isbn13(taken.words)) for taken in parts["isbn"])
    return tuple(sorted(found, key=lambda one: not one.isbn13)) + tuple(
        Isbn(taken.words) for taken in parts["cancelled"]
    )


def _links(taken: list[Taken]) -> tuple[Link, ...]:
    """Every address that leads somewhere: one field may have several that lead to the same."""
    return tuple(
        Link(url, each.extra)
        for each in taken
        for code, value in subfields(each.text)
        if code == "u" and (url := plain(value)) and LEADS.match(url)
    )


def _issns(parts: Parts) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The right ones in their one form; the wrong and cancelled ones as written."""
    if not (parts["issn"] or parts["issn_wrong"]):
        return (), ()
    written = _words(parts["issn"])
    wrong = [one for one in written if not issn8(one)]
    return _distinct(map(issn8, written)), _distinct([*wrong, *_words(parts["issn_wrong"])])


def _classes(parts: Parts) -> tuple[Class, ...]:
    """The class numbers; in Dewey's a stroke only says where they may be cut off."""
    return tuple(
        Class(scheme, taken.words.replace("/", "") if scheme == "ddc" else taken.words)
        for scheme, looks in SCHEMES.items()
        for taken in parts[scheme]
        if looks.match(taken.words) and (scheme != "clc" or _is_clc(taken.text))
    )


def _is_clc(text: str) -> bool:
    """True unless the field says that the number is of another scheme."""
    return "\x1f2" not in text or "\x1f2clc" in text.lower()
