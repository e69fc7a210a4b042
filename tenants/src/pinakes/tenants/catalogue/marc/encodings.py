"""Which character set a record is in: judged by its bytes; what it claims only tips the scale."""

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple
from unicodedata import category

from pinakes.tenants.catalogue.marc import accents, marc8
from pinakes.tenants.catalogue.marc.directory import Unreadable
from pinakes.tenants.catalogue.marc.everyday import is_everyday, misread
from pinakes.tenants.catalogue.marc.record import Dialect

UNIMARC_SETS = {
    "50": "utf-8",
    "20": "gb18030",
    "02": "koi8-r",
    "99": "koi8-r",
    "89": "windows-1251",
    "79": "cp866",
    "03": "iso5426",
}
"""What 100$a says of characters, by its positions 26-27 and 28-29 (UNIMARC, CNMARC, RUSMARC)."""

ESCAPE_LOST = re.compile(rb"\$1(?:[!-~]{3}){1,100}?\(B")  # East Asian MARC-8 without its escapes
LIKELY = 0.6  # share of a text's Chinese that GB 2312, the everyday part of GB18030, must hold
FEW = 4
LOOKED_AT = 100_000  # bytes
CHINESE = re.compile("[\u3000-\uff5f]+")
BEYOND = re.compile("[^\x00-\x7f]+")  # what is not ASCII
SUBFIELD = re.compile("\x1f.")
WORD = re.compile("(?:[^\\W_]|[^\0-\x7f’‘“”–—…·«»、。，：；《》「」])+")  # and signs within it
EDGES = re.compile(r"^[\W_]+|[\W_]+$")
RUN = re.compile("[\u3400-\u9fff]+")
STUCK = re.compile(
    "(?<=[A-Za-z])(?<!\x1f.)[\u3400-\u9fff](?:(?=[A-Za-z])|(?<=[A-Za-z][a-z].)(?![\u3400-\u9fff]))"
)
"""One Chinese character in a Latin word, or at its end: two accented letters of Latin-1."""
PRIVATE = re.compile("[\ue000-\uf8ff]")  # characters that everybody reads as they like


class Decoded(NamedTuple):
    """The fields' texts, the character set's name, and whether the record claimed another."""

    texts: list[str]
    encoding: str
    repairs: tuple[str, ...] = ()


def decode(parts: list[bytes], claimed: str, dialect: Dialect, told: str | None = None) -> Decoded:
    """Read the fields in the first character set that fits without a doubt.

    Args:
        parts: the fields' bytes.
        claimed: what the record says of itself, or nothing.
        dialect: MARC-8 exists in MARC 21 only.
        told: what the caller knows; tried on whatever is neither Unicode nor, for all to see, the
            Chinese that the record claims, and only believed where it makes words.

    Raises:
        Unreadable: no character set fits.
    """
    body = b"\x1e".join(parts)
    if b"\x1b" in body:
        return _escaped(body, claimed, dialect, told)
    if ESCAPE_LOST.search(body, 0, LOOKED_AT):
        raise Unreadable("encoding_unclear", declared=claimed)
    if body.isascii():
        name = claimed if claimed in ("utf-8", "gb18030") else "ascii"
        return Decoded(body.decode("ascii").split("\x1e"), name)
    for name, reader in _candidates(claimed, dialect, told):
        text = reader(body)
        if text is not None:
            return _judged(text, name, claimed)
    known = claimed != "iso5426"
    raise Unreadable(
        "encoding_unclear" if known else "encoding_not_supported", declared=claimed or "-"
    )


def claimed_by(dialect: Dialect, leader: str, coded: bytes) -> str:
    """What the record says: leader/09 in MARC 21, 100$a/26-29 in UNIMARC (*coded* is field 100)."""
    if dialect is Dialect.MARC21:
        return "utf-8" if leader[9:10] == "a" else "marc-8"
    sets = coded.partition(b"\x1fa")[2].partition(b"\x1f")[0][26:30].decode("latin-1")
    for known in (sets[:2], sets[2:4]):
        if known in UNIMARC_SETS:
            return UNIMARC_SETS[known]
    return ""


Reader = Callable[[bytes], str | None]


def _candidates(claimed: str, dialect: Dialect, told: str | None) -> Iterator[tuple[str, Reader]]:
    """What to try, in order."""
    yield "utf-8", _strict("utf-8")
    if told and told not in ("utf-8", "marc-8"):
        if claimed == "gb18030" != told:
            yield "gb18030", _everyday
        yield told, _worded(told)
    yield "gb18030", _strict("gb18030") if claimed == "gb18030" else _by_its_looks(dialect)
    if claimed not in ("", "utf-8", "marc-8", "gb18030", "iso5426"):
        yield claimed, _letters(claimed)
    if dialect is Dialect.MARC21 and (claimed == "marc-8" or told == "marc-8"):
        yield "marc-8", _marc8(told)


def _judged(text: str, name: str, claimed: str) -> Decoded:
    repairs = () if claimed in (name, "") else ("encoding_corrected",)
    if name == "utf-8":
        once = _encoded_once(text)
        if once is not text:
            return Decoded(once.split("\x1e"), name, (*repairs, "twice_encoded"))
    return Decoded(text.split("\x1e"), name, repairs)


def _encoded_once(text: str, least: int = 2) -> str:
    """The text before somebody took its UTF-8 for Latin-1 and encoded it again, and again."""
    try:
        once = text.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return text
    return _encoded_once(once, 1) if len(text) - len(once) >= least else text


def _strict(name: str) -> Reader:
    def read(body: bytes) -> str | None:
        try:
            return body.decode(name)
        except UnicodeDecodeError:
            return None

    return read


def _letters(name: str) -> Reader:
    """An eight-bit set that the record claims: it reads anything, so it must make words."""
    strict = _strict(name)

    def read(body: bytes) -> str | None:
        text = strict(body) or ""
        beyond = [character for character in text if character > "\x9f"]
        letters = sum(map(str.isalpha, beyond))
        return text if letters >= max(1, LIKELY * len(beyond)) else None

    return read


def _worded(name: str) -> Reader:
    """A set that the caller knows of: what it makes may be few letters, but words they must be.

    Another set's bytes give capitals and signs in the middle of words.
    """
    strict = _strict(name)

    def read(body: bytes) -> str | None:
        text = strict(body)
        if text is None:
            return None
        words = [word for word in WORD.findall(SUBFIELD.sub(" ", text)) if not word.isascii()]
        odd = sum(len(word) for word in words if not _is_word(word))
        return text if odd <= (1 - LIKELY) * sum(map(len, words)) else None

    return read


def _is_word(word: str) -> bool:
    inner = EDGES.sub("", word)
    letters = all(category(sign)[0] in "LMN" for sign in inner)
    return letters and inner in (inner.lower(), inner.upper(), inner.capitalize())


def _everyday(body: bytes) -> str | None:
    """Chinese that is written with everyday characters, whatever the caller thinks."""
    text = _strict("gb18030")(body)
    return text if text is not None and is_everyday(text) and looks_chinese(text) else None


def _by_its_looks(dialect: Dialect) -> Reader:
    """GB18030 where nobody says so: everyday characters, not the rare ones that chance would give.

    In MARC 21 it takes a few of them, for two marks of MARC-8 look like one. Korean and Japanese
    in sets of their own would give everyday characters too, but never these words.
    """
    least = FEW if dialect is Dialect.MARC21 else 1

    def read(body: bytes) -> str | None:
        text = _strict("gb18030")(body)
        if text is None or PRIVATE.search(text):
            return None
        if not looks_chinese(text, least) or misread(text, body) or in_latin_words(text):
            return None
        return text

    return read


def looks_chinese(text: str, least: int = 1) -> bool:
    """Whether what was read as GB18030 are everyday characters, and so many of them."""
    beyond = "".join(BEYOND.findall(text))
    everyday = len(beyond.encode("gb2312", "ignore")) / 2
    chinese = len("".join(CHINESE.findall(beyond)))
    return min(everyday, chinese) >= max(least, LIKELY * len(beyond))


def in_latin_words(text: str) -> bool:
    """Whether what was read as Chinese mostly stands in Latin words, a character here and there."""
    return 2 * len(STUCK.findall(text)) > len(RUN.findall(text))


def _escaped(body: bytes, claimed: str, dialect: Dialect, told: str | None) -> Decoded:
    """What shifts between sets: MARC-8, or whatever the caller knows of (ISO 2022)."""
    if dialect is Dialect.MARC21:
        name, text = "marc-8", _marc8(told)(body)
    else:
        name, text = told or "", _strict(told)(body) if told and told != "marc-8" else None
    if text is None or "\x1b" in text:
        raise Unreadable("encoding_unclear", declared=claimed or "-")
    return Decoded(text.split("\x1e"), name)


def _marc8(told: str | None) -> Reader:
    """MARC-8, its marks where languages put them, unless the caller knows that it is."""

    def read(body: bytes) -> str | None:
        if told != "marc-8" and accents.misplaced(body):
            return None
        try:
            return marc8.decode(body)
        except marc8.NotMarc8:
            return None

    return read
