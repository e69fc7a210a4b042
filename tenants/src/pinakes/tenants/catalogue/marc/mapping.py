"""From a record to the description of a title, by its dialect's table."""

from collections.abc import Iterable

from pinakes.tenants.catalogue.keys import isbn13, issn8
from pinakes.tenants.catalogue.marc.coded import agency, form, language, year
from pinakes.tenants.catalogue.marc.record import Dialect, Record, subfields
from pinakes.tenants.catalogue.marc.taking import Parts, Taken, parts_of
from pinakes.tenants.catalogue.marc.tidying import plain, unbracketed
from pinakes.tenants.catalogue.marc.title import Class, Isbn, Link, Name, Title

SCHEMES = ("clc", "ddc", "lcc", "udc")
PINYIN = "A9"
NO_FILING = (("\x88", "\x89"), ("\x98", "\x9c"))


def title_of(record: Record) -> Title:
    """The description of the title that this record is about."""
    parts = parts_of(record)
    title, *titles = _titles(parts)
    published = _shown(parts, "published")
    return Title(
        control_number=record.control("001"),
        agency=agency(record),
        title=title,
        subtitle=_shown(parts, "subtitle"),
        filing=_filing(record.dialect, parts, title),
        titles=tuple(titles),
        responsibility=_shown(parts, "responsibility"),
        names=tuple(_name(record.dialect, taken) for taken in parts["names"]),
        pinyin=_words(parts["pinyin"]),
        edition=_shown(parts, "edition"),
        place=unbracketed(_shown(parts, "place")),
        publisher=unbracketed(_shown(parts, "publisher")),
        published=published,
        year=year(record, published),
        extent=_shown(parts, "extent"),
        series=_distinct(taken.shown for taken in parts["series"]),
        isbn=_isbns(parts),
        issn=tuple(number for taken in parts["issn"] if (number := issn8(taken.words))),
        subjects=_distinct(taken.shown for taken in parts["subjects"]),
        classes=_classes(parts),
        language=language(record, _shown(parts, "language")),
        form=form(record),
        audience=_shown(parts, "audience"),
        summary=_shown(parts, "summary"),
        notes=_words(parts["notes"]),
        links=tuple(Link(taken.words, taken.extra) for taken in parts["links"]),
    )


def _shown(parts: Parts, part: str) -> str:
    return parts[part][0].shown if parts[part] else ""


def _words(taken: list[Taken]) -> tuple[str, ...]:
    return tuple(each.words for each in taken)


def _distinct(words: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(word for word in words if word))


def _titles(parts: Parts) -> tuple[str, ...]:
    """The title to show, then every other one; a single empty one when there is none at all."""
    taken = parts["title"] + parts["titles"]
    shown = (each.shown for each in taken)
    romanised = (each.words for each in taken if each.twin)
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
    if taken.twin and taken.words:
        return Name(taken.twin, (taken.words,), taken.extra)
    if dialect is Dialect.MARC21:
        return Name(taken.shown, (), taken.extra)
    pinyin = (plain(value) for code, value in subfields(taken.text) if code in PINYIN)
    return Name(taken.words, tuple(p for p in pinyin if p and not p.isdecimal()), taken.extra)


def _isbns(parts: Parts) -> tuple[Isbn, ...]:
    """Valid ones once each; wrong and cancelled ones as written, so that nothing is lost."""
    found = dict.fromkeys(Isbn(taken.words, isbn13(taken.words)) for taken in parts["isbn"])
    return tuple(sorted(found, key=lambda one: not one.isbn13)) + tuple(
        Isbn(taken.words) for taken in parts["cancelled"]
    )


def _classes(parts: Parts) -> tuple[Class, ...]:
    return tuple(
        Class(scheme, taken.words)
        for scheme in SCHEMES
        for taken in parts[scheme]
        if scheme != "clc" or "\x1f2" not in taken.text or "\x1f2clc" in taken.text.lower()
    )
