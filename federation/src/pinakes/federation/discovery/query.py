"""What a reader asks the catalogue for, taken apart; any input is a question of some kind."""

import re
from enum import StrEnum
from unicodedata import normalize

import msgspec

from pinakes.platform.text import fold, runs
from pinakes.tenants.catalogue.keys import ISBN_LIKE, ISSN_LIKE, SBN_LIKE

LONGEST = 500
MOST_CLAUSES = 24
DEEPEST = 10_000
CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")
INVISIBLE = re.compile("[\u00ad\u200b\u2060\ufeff]")  # what comes along when a text is copied
QUOTES = re.compile("[“”„«»「」『』]")
DASHES = re.compile("[‐‒–—−]")
NUMBER = re.compile(r"[0-9Xx][0-9Xx \-]*")
LABEL = re.compile(
    r"(?:(?:e?-?is[bs]n|sbn)(?:[- ]?1[03](?=[: ]))?|国际标准[书刊]号)[: ]*(?=[0-9])", re.IGNORECASE
)
REMARK = re.compile(r"\([^()]*\)?$")  # the binding or the price behind a number
MARKS = " :;,."
DIGIT = re.compile("[0-9]")
CALL_NUMBER = re.compile(
    r"[A-Za-z]{1,2} ?[0-9][=(\-/\w.:)]*(?:(?<=[/0-9]) ?\w{1,4}){0,2}"  # I242.4/12 C1
    r"|[A-Za-z]{1,3} ?[0-9]{1,4}(?:\.[0-9]+)?"  # DS755 .H819 1998
    r"(?: ?\.?[A-Za-z][0-9]+[A-Za-z]?){0,3}(?: [0-9]{4}[a-z]?)?"
    r"|[0-9]{3}/?\.[0-9/]+(?: [A-Za-z][0-9]*[A-Za-z]{0,3})?"  # 813.54 H37
)
PAIR = 2  # characters of Chinese that are looked for as one word
LONGEST_NUMBER = 40  # characters of a class or call number
CLAUSE = re.compile(r'(?:(\w+)\s*:\s*)?("[^"]*"?|[^\s"]+)')
FIELDS = {
    "title": "title", "题名": "title", "书名": "title",
    "author": "names", "name": "names", "作者": "names", "责任者": "names",
    "subject": "subjects", "主题": "subjects",
    "isbn": "numbers", "issn": "numbers",
    "class": "classes", "分类号": "classes",
    "callnumber": "classes", "call": "classes", "索书号": "classes", "索取号": "classes",
}  # fmt: skip


class Branch(msgspec.Struct, frozen=True):
    """Search what one branch holds."""

    id: int


class Consortium(msgspec.Struct, frozen=True):
    """Search what any branch of a consortium holds."""

    id: int


class Order(StrEnum):
    RELEVANCE = "relevance"
    NEWEST = "newest"
    YEAR = "year"
    TITLE = "title"


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """A question to the index. ``within`` is always said; no words ask for what came last.

    ``years`` are the first and the last, either may be open. ``branches`` and ``available`` ask
    for what these hold, and for a copy to borrow now (there). ``near`` are branches whose titles
    come first among equals, and those of the first of them before all. ``offset`` ends at DEEPEST.
    """

    within: Branch | Consortium
    text: str = ""
    forms: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    years: tuple[int | None, int | None] = (None, None)
    branches: tuple[int, ...] = ()
    available: bool = False
    near: tuple[int, ...] = ()
    order: Order = Order.RELEVANCE
    limit: int = 20
    offset: int = 0


class Clause(msgspec.Struct, frozen=True):
    """One thing that must be found: words in any order, or a phrase; in one field, or anywhere.

    ``written`` is a word that may be a number, with its points and hyphens.
    """

    text: str
    field: str = ""
    phrase: bool = False
    written: str = ""


def clauses(text: str) -> list[Clause]:
    """The parts of a question, folded. Never raises."""
    plain = written_plainly(text[:LONGEST])
    if number := only_number(plain):
        return [Clause(number, "numbers")]
    if is_call_number(plain):
        return [Clause(fold(plain), written=plain)]
    found = [_clause(match[1], match[2]) for match in CLAUSE.finditer(plain)]
    return [clause for clause in found if clause.text][:MOST_CLAUSES]


def only_number(plain: str) -> str:
    """The ISBN that is all the question, or the ISSN that is called one; else nothing."""
    label = LABEL.match(plain)
    told = plain[label.end() :] if label else plain
    number = REMARK.sub("", told.rstrip(MARKS)).rstrip(MARKS)
    labelled = label and (ISSN_LIKE.fullmatch(number) or SBN_LIKE.fullmatch(number))
    known = labelled or ISBN_LIKE.search(number)
    return number if known and NUMBER.fullmatch(number) else ""


def written_plainly(text: str) -> str:
    """The text in narrow signs, with one kind of quotes and of hyphens, and nothing unseen."""
    seen = INVISIBLE.sub("", CONTROL.sub(" ", normalize("NFKC", text)))
    return DASHES.sub("-", QUOTES.sub('"', seen)).strip()


def one_word(text: str) -> str:
    """The word, folded, when that is all the question; a pair of characters is one, too."""
    parts = clauses(text)
    if len(parts) != 1 or parts[0] != Clause(parts[0].text):
        return ""
    match runs(parts[0].text):
        case [(word, cjk)] if not cjk or len(word) == PAIR:
            return word
        case _:
            return ""


def is_call_number(written: str) -> bool:
    """Whether it may be a class or call number, or the beginning of one."""
    return len(written) <= LONGEST_NUMBER and CALL_NUMBER.fullmatch(written) is not None


def _clause(prefix: str | None, body: str) -> Clause:
    field = FIELDS.get((prefix or "").casefold(), "")
    quoted = body.startswith('"')
    words = body.strip('"')
    if prefix and not field:
        words = f"{prefix} {words}"
    if field in ("numbers", "classes"):
        return Clause(words.strip(), field)
    if field or quoted:
        return Clause(fold(words).strip(), field, quoted)
    return Clause(fold(words).strip(), written=words if DIGIT.search(words) else "")
