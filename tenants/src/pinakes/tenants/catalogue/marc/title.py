"""What a record says about a book, whatever dialect it was written in."""

import msgspec


class Name(msgspec.Struct, frozen=True, gc=False):
    """A person or body, with the same name in other scripts or in pinyin, and what they did."""

    name: str
    others: tuple[str, ...] = ()
    role: str = ""


class Isbn(msgspec.Struct, frozen=True, gc=False):
    """A book number: as written, and its 13 digits when its check digit is right (else empty)."""

    written: str
    isbn13: str = ""


class Class(msgspec.Struct, frozen=True, gc=False):
    """A class number and its scheme: clc, ddc, lcc, udc."""

    scheme: str
    number: str


class Link(msgspec.Struct, frozen=True, gc=False):
    """A web address and what lies there."""

    url: str
    label: str = ""


class Title(msgspec.Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """The description of one title.

    ``title`` is in the original script where the record has one (``titles`` then holds the
    romanised form); it is empty when the record has none at all. ``titles`` holds every other
    title, those in ``parallel`` and ``uniform`` too. ``year`` is the first year of publication;
    ``language``, ``languages`` and ``original`` (what it was translated from) are ISO 639-2
    codes; ``form``, ``carrier`` and ``age`` (of its readers) are words of the dialect's table.
    ``specific`` is a map's scale, a journal's numbering, a kind of score.
    ``pinyin`` is what a cataloguer wrote, not what was computed. ``filing`` is the title
    without its leading article.
    """

    control_number: str = ""
    agency: str = ""
    title: str = ""
    subtitle: str = ""
    filing: str = ""
    titles: tuple[str, ...] = ()
    parallel: tuple[str, ...] = ()
    uniform: tuple[str, ...] = ()
    responsibility: str = ""
    names: tuple[Name, ...] = ()
    pinyin: tuple[str, ...] = ()
    edition: str = ""
    specific: str = ""
    place: str = ""
    publisher: str = ""
    published: str = ""
    year: int | None = None
    extent: str = ""
    series: tuple[str, ...] = ()
    isbn: tuple[Isbn, ...] = ()
    issn: tuple[str, ...] = ()
    issn_wrong: tuple[str, ...] = ()
    subjects: tuple[str, ...] = ()
    classes: tuple[Class, ...] = ()
    language: str = ""
    languages: tuple[str, ...] = ()
    original: str = ""
    form: str = "book"
    carrier: str = ""
    audience: str = ""
    age: str = ""
    summary: str = ""
    notes: tuple[str, ...] = ()
    links: tuple[Link, ...] = ()

    @property
    def full(self) -> str:
        """Title and other title information, as a list of results shows it."""
        return f"{self.title} : {self.subtitle}" if self.subtitle else self.title

    @property
    def by(self) -> str:
        """Who made it: in the words of the title page, else all names."""
        return self.responsibility or "; ".join(name.name for name in self.names)


class Item(msgspec.Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """One copy on a shelf, as the record or a line of a CSV tells it; words as written there."""

    barcode: str
    call_number: str = ""
    location: str = ""
    copy: str = ""
    kind: str = ""
    status: str = ""
    price: str = ""
    branch: str = ""
