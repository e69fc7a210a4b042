"""From an edition to what the index knows of it. Pure."""

from collections.abc import Iterable, Sequence

from pinakes.federation.discovery.document import Document
from pinakes.federation.discovery.editions import Known
from pinakes.tenants.catalogue.marc import Class, Title

SCHEMES = ("clc", "ddc", "lcc", "udc")


def document(known: Known) -> Document:
    """One title in the words of the branches that hold it."""
    titles = known.titles
    first = titles[0]
    classes = [one for title in titles for one in title.classes]
    return Document(
        id=known.id,
        consortium=known.consortium,
        branches=tuple(known.branches),
        free=tuple(known.free),
        title=first.title,
        subtitle=first.subtitle,
        filing=first.filing,
        titles=distinct(
            [
                words
                for title in titles
                for words in (*title.titles, *title.parallel, *title.uniform)
            ]
            + [title.full for title in titles[1:]],
            first.full,
        ),
        names=distinct(
            [
                words
                for title in titles
                for name in title.names
                for words in (name.name, *name.others)
            ]
        ),
        subjects=distinct([words for title in titles for words in title.subjects]),
        pinyin=distinct([words for title in titles for words in title.pinyin]),
        numbers=distinct([number for title in titles for number in numbers(title)]),
        classes=distinct([*[one.number for one in classes], *known.call_numbers]),
        main_class=main_class(classes),
        language=first.language,
        form=first.form,
        year=first.year,
        added=known.id.int >> 80,  # the milliseconds of a UUIDv7
    )


def distinct(words: Iterable[str], *without: str) -> tuple[str, ...]:
    """Each once, in order, and nothing empty."""
    return tuple([word for word in dict.fromkeys(words) if word and word not in without])


def numbers(title: Title) -> list[str]:
    return [one.isbn13 or one.written for one in title.isbn] + list(title.issn)


def main_class(classes: Sequence[Class]) -> str:
    """The main class that is counted, with its scheme: ``clc:I``, ``ddc:8``."""
    for scheme in SCHEMES:
        for one in classes:
            if one.scheme == scheme and one.number[:1].isalnum():
                return f"{scheme}:{one.number[0].upper()}"
    return ""
