"""What a record says in codes: form, year, language, and whose record it is."""

import re
from collections.abc import Iterable

from pinakes.tenants.catalogue.marc.record import Dialect, Record, subfields
from pinakes.tenants.catalogue.marc.rules import Tables, tables

YEAR = re.compile(r"(?<![0-9])(1[4-9][0-9]{2}|20[0-9]{2})(?![0-9])")
ONLINE = {"book": "ebook", "serial": "ejournal"}
ISSUER = "3"  # second indicator of 801
CODE = 3  # letters in a language code
CODED = frozenset({"001", "007", "008", "100", "135"})  # tags of codes and of the number
type Firsts = dict[str, str]  # of each of these tags its first field's text


def firsts(record: Record) -> Firsts:
    return {tag: text for tag, text in reversed(record.fields) if tag in CODED}


def form(record: Record, first: Firsts) -> str:
    """A word for what it is; ``book`` when the record does not say."""
    forms, leader = tables(record.dialect).forms, record.leader
    found = forms.get(leader[6:8]) or forms.get(leader[6:7], "book")
    return ONLINE.get(found, found) if found in ONLINE and _is_online(record, first) else found


def carrier(known: Tables, said: Iterable[tuple[str, str]]) -> str:
    """What it is on, in a word: by the first of *said* (tags and codes) that is in the table."""
    carriers = known.carriers
    for tag, code in said:
        start = code[1:2] if tag == "135" else code[:2]
        for length in range(len(start), -1, -1):
            if found := carriers.get(tag + start[:length]):
                return found
    return ""


def age(known: Tables, first: Firsts) -> str:
    """For readers of which age, in a word, or nothing."""
    return known.ages.get(_at(first, *known.coded["age"]), "")


def languages(said: Iterable[str]) -> tuple[str, ...]:
    """ISO 639-2 codes, each once; old records write several without a gap."""
    closed = (word.replace(" ", "") for word in said)
    found = (word[at : at + CODE] for word in closed for at in range(0, len(word), CODE))
    return tuple(dict.fromkeys(code.lower() for code in found if _is_code(code)))


def year(known: Tables, first: Firsts, published: str) -> int | None:
    """The first year of publication: from the coded field, else from the words."""
    coded = _at(first, *known.coded["year"])
    found = YEAR.fullmatch(coded) or YEAR.search(published)
    return int(found[0]) if found else None


def language(known: Tables, first: Firsts, said: str) -> str:
    """ISO 639-2 code: the coded field's in MARC 21, else the first that a field names."""
    at = known.coded.get("language")
    coded = _at(first, *at) if at else ""
    code = coded if coded.isalpha() else said
    return code.lower() if _is_code(code) else ""


def _is_code(code: str) -> bool:
    return len(code) == CODE and code.isascii() and code.isalpha()


def agency(record: Record) -> str:
    """Who gave the control number: 003 in MARC 21, the issuer of 801 in UNIMARC."""
    if record.dialect is Dialect.MARC21:
        return record.control("003") or next(record.values("040", "a"), "").strip()
    sources = sorted(record.texts("801"), key=lambda text: text[1:2] != ISSUER)
    names = (value for text in sources for code, value in subfields(text) if code == "b")
    return next(names, "").strip()


def _at(first: Firsts, tag: str, start: int, end: int) -> str:
    text = first.get(tag, "")
    if text[2:4] == "\x1fa":
        text = text[4:]
    return text[start:end]


def _is_online(record: Record, first: Firsts) -> bool:
    """True for what is read on a screen over a network."""
    if record.dialect is not Dialect.MARC21:
        return "135" in first
    if first.get("008", "")[23:24] in ("o", "q"):
        return True
    return "007" in first and any(text.startswith("cr") for text in record.texts("007"))
