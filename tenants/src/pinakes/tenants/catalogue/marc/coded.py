"""What a record says in codes: form, year, language, and whose record it is."""

import re

from pinakes.tenants.catalogue.marc.record import Dialect, Record, subfields
from pinakes.tenants.catalogue.marc.rules import tables

YEAR = re.compile(r"(?<![0-9])(1[4-9][0-9]{2}|20[0-9]{2})(?![0-9])")
ONLINE = {"book": "ebook", "serial": "ejournal"}
ISSUER = "3"  # second indicator of 801
CODE = 3  # letters in a language code


def form(record: Record) -> str:
    """A word for what it is; ``book`` when the record does not say."""
    forms, leader = tables(record.dialect).forms, record.leader
    found = forms.get(leader[6:8]) or forms.get(leader[6:7], "book")
    return ONLINE.get(found, found) if found in ONLINE and _is_online(record) else found


def year(record: Record, published: str) -> int | None:
    """The first year of publication: from the coded field, else from the words."""
    tag, start, end = tables(record.dialect).coded["year"]
    coded = _at(record, tag, start, end)
    found = YEAR.fullmatch(coded) or YEAR.search(published)
    return int(found[0]) if found else None


def language(record: Record, first: str) -> str:
    """ISO 639-2 code: the coded field's in MARC 21, else the first that a field names."""
    at = tables(record.dialect).coded.get("language")
    coded = _at(record, *at) if at else ""
    code = coded if coded.isalpha() else first.strip()[:3]
    return code.lower() if code.isascii() and code.isalpha() and len(code) == CODE else ""


def agency(record: Record) -> str:
    """Who gave the control number: 003 in MARC 21, the issuer of 801 in UNIMARC."""
    if record.dialect is Dialect.MARC21:
        return record.control("003") or next(record.values("040", "a"), "").strip()
    sources = sorted(record.texts("801"), key=lambda text: text[1:2] != ISSUER)
    names = (value for text in sources for code, value in subfields(text) if code == "b")
    return next(names, "").strip()


def _at(record: Record, tag: str, start: int, end: int) -> str:
    text = next(record.texts(tag), "")
    if text[2:4] == "\x1fa":
        text = text[4:]
    return text[start:end]


def _is_online(record: Record) -> bool:
    """True for what is read on a screen over a network."""
    if record.dialect is Dialect.MARC21:
        return next(record.texts("008"), "")[23:24] in ("o", "q") or any(
            text.startswith("cr") for text in record.texts("007")
        )
    return any(True for _ in record.texts("135"))
