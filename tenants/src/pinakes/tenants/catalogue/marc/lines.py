"""A record as lines that a person can read and change, and back.

``245 10 ‡aTitle :‡bmore``: tag, indicators (``_`` is a blank), then subfields. Where a line has no
``‡``, each ``$`` before a letter or digit stands for one.
"""

import re
from itertools import chain, repeat

from pinakes.tenants.catalogue.marc import marc8
from pinakes.tenants.catalogue.marc.dialects import dialect_of
from pinakes.tenants.catalogue.marc.directory import ENTRY, LEADER_LENGTH, Unreadable, walk
from pinakes.tenants.catalogue.marc.record import CONTROL_TAGS, Dialect, Field, Record
from pinakes.tenants.catalogue.marc.writing import iso2709_of

MARK, BLANK, UNKNOWN, LEADER = "‡", "_", "???", "LDR"
USUAL_LEADER = "00000nam a2200000 i 4500"
DOLLAR = re.compile(r"\$(?=[0-9A-Za-z])")
TAGGED = re.compile(r"[0-9A-Za-z]{3}[0-9]{9}")
LINE = re.compile(r"(?P<tag>[0-9A-Za-z]{3})(?: (?P<rest>.*))?")
SPLIT = re.compile("[\r\n]+")


class LineWrong(ValueError):
    """A line that is none of a record; carries its number, from 1, and its words."""

    def __init__(self, number: int, line: str) -> None:
        super().__init__(f"line {number}")
        self.number, self.line = number, line[:80]


def seen(raw: bytes, encoding: str) -> str:
    """What can be seen of a piece in this character set; a byte that it has not is shown as �.

    ISO 2709 becomes lines, as far as it can be taken apart (a field of no known tag is ``???``);
    anything else stays text.
    """
    if raw.lstrip()[:1] == b"<" or b"\x1e" not in raw:
        return _text(raw, encoding)
    try:
        _, tags, parts, _ = walk(raw)
    except Unreadable:
        head, *parts = raw.rstrip(b"\x1d").split(b"\x1e")
        tags = _tags(head[LEADER_LENGTH:].decode("latin-1"))
    leader = raw[:LEADER_LENGTH].decode("ascii", "replace")
    pairs = zip(chain(tags, repeat(UNKNOWN)), parts, strict=False)
    lines = [_line(tag, _text(part, encoding)) for tag, part in pairs if part]
    return "\n".join([f"{LEADER} {_shown(leader)}", *lines])


def _tags(directory: str) -> list[str]:
    """What each entry calls its field: counted from the end, for behind it the fields begin."""
    starts = range(len(directory) % ENTRY, len(directory), ENTRY)
    entries = [directory[at : at + ENTRY] for at in starts]
    return [entry[:3] if TAGGED.fullmatch(entry) else UNKNOWN for entry in entries]


def parsed(text: str, dialect: Dialect | None = None) -> Record:
    """The record that these lines are, packed in UTF-8.

    Raises:
        LineWrong: a line has no tag.
    """
    leader, fields = USUAL_LEADER, list[Field]()
    for number, line in enumerate(SPLIT.split(text.strip()), 1):
        found = LINE.fullmatch(line.strip("\ufeff"))
        if found is None:
            raise LineWrong(number, line)
        tag, rest = found["tag"], found["rest"] or ""
        if tag == LEADER:
            leader = rest.replace(BLANK, " ").ljust(24)[:24]
        else:
            fields.append((tag, _field(tag, rest)))
    told = dialect or dialect_of([tag for tag, _ in fields])
    record = Record(leader, tuple(fields), told, "utf-8", b"", 0, 1)
    return Record(leader, record.fields, told, "utf-8", iso2709_of(record).raw, 0, 1)


def _line(tag: str, text: str) -> str:
    indicators, mark, rest = text.partition("\x1f")
    if tag in CONTROL_TAGS or not mark:
        return f"{tag} {_shown(text)}"
    return f"{tag} {indicators.replace(' ', BLANK)} {MARK}{_shown(rest)}"


def _field(tag: str, rest: str) -> str:
    marked = rest if MARK in rest else DOLLAR.sub(MARK, rest)
    if tag in CONTROL_TAGS or MARK not in marked:
        return rest
    indicators, _, subfields = marked.partition(MARK)
    signs = indicators.strip().replace(BLANK, " ").ljust(2)[:2]
    return f"{signs}\x1f{subfields.replace(MARK, chr(0x1F))}"


def _shown(text: str) -> str:
    """On one line, without signs that nobody can see."""
    return "".join(MARK if sign == "\x1f" else sign if sign.isprintable() else " " for sign in text)


def _text(raw: bytes, encoding: str) -> str:
    if encoding != "marc-8":
        return raw.decode(encoding, "replace")
    try:
        return marc8.decode(raw)
    except marc8.NotMarc8:
        return raw.decode("ascii", "replace")
