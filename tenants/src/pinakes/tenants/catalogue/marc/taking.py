"""One pass over a record's fields: what each rule of the table takes, with its other script."""

from collections import defaultdict
from collections.abc import Iterable, Iterator

import msgspec

from pinakes.tenants.catalogue.marc.paralleled import parted
from pinakes.tenants.catalogue.marc.record import Dialect, Record, subfields
from pinakes.tenants.catalogue.marc.rules import Rule, tables
from pinakes.tenants.catalogue.marc.tidying import plain, trimmed

TWIN = "880"
LINK = "\x1f6"
LINK_TO_TWIN = LINK + TWIN
MOST = 300  # fields of one kind that a description shows
LONGEST = 10_000  # characters of one field that it shows


class Taken(msgspec.Struct, frozen=True, gc=False):
    """What a rule takes of one field; ``twin`` is it in its original script, out of ``other``."""

    tag: str
    rule: Rule
    shown: str  # what a reader sees first: the original script
    twin: str
    text: str
    other: str

    @property
    def words(self) -> str:
        """The same as the field itself has it, romanised where it has a twin."""
        return _words(self.rule, self.text) if self.twin else self.shown

    @property
    def extra(self) -> str:
        """The role of a person, the label of a link."""
        found = self.rule.told(self.text) if self.rule.told else None
        return trimmed(plain(found[0])) if found else ""


Parts = dict[str, list[Taken]]


def parts_of(record: Record) -> Parts:
    """Everything the dialect's table takes, by part, in the record's order."""
    known = tables(record.dialect)
    rules, parallel = known.rules, known.parallel
    parts: Parts = defaultdict(list)
    for tag, text, twin in _paired(record):
        if tag in parallel:
            own, beside = zip(parted(text, parallel[tag]), parted(twin, parallel[tag]), strict=True)
            _take(parts, rules[tag], tag, *own)
            _take(parts, rules[f"={tag}"], tag, *beside)
        elif tag in rules:
            _take(parts, rules[tag], tag, text, twin)
    return parts


def _take(parts: Parts, rules: Iterable[Rule], tag: str, text: str, twin: str) -> None:
    for rule in rules:
        words = _words(rule, twin) if twin else ""
        shown = words or _words(rule, text)
        if shown and len(taken := parts[rule.part]) < MOST:
            taken.append(Taken(tag, rule, shown, words, text, twin))


def _paired(record: Record) -> Iterator[tuple[str, str, str]]:
    """Tag, text and twin of each field: an 880 (MARC 21) that has it in its original script.

    An 880 that belongs to none stands in for the field it names.
    """
    fields, marc21 = record.fields, record.dialect is Dialect.MARC21
    twins = {_twin_link(text): text for tag, text in fields if marc21 and tag == TWIN}
    alone = twins.keys() - {_link(tag, text) for tag, text in fields if LINK_TO_TWIN in text}
    for tag, text in fields:
        if tag != TWIN:
            yield tag, text, twins.get(_link(tag, text), "") if LINK_TO_TWIN in text else ""
        elif alone and _twin_link(text) in alone:
            yield text.partition(LINK)[2][:3], text, ""


def _link(tag: str, text: str) -> str:
    """245-01 for a 245 that says 880-01."""
    return tag + text.partition(LINK_TO_TWIN)[2][:3]


def _twin_link(text: str) -> str:
    """245-01 for an 880 that says 245-01; nothing when it stands alone (00)."""
    target = text.partition(LINK)[2][:6]
    return "" if target.endswith("-00") else target


def _words(rule: Rule, text: str) -> str:
    """The rule's subfields joined."""
    found = rule.values(text)
    if not found:
        return ""
    words = plain((_between(rule, text) if rule.separators else " ".join(found))[:LONGEST])
    return trimmed(words) if rule.trims else words


def _between(rule: Rule, text: str) -> str:
    """The same where not a blank, but what the table says stands between two of them."""
    words, before, codes, separators = "", "", rule.codes, rule.separators
    for code, value in subfields(text):
        if code in codes:
            if words:
                words += separators.get(before + code) or separators.get(code, " ")
            words += value
        if rule.by_what_was_before and code.islower():
            before = code
    return words
