"""One pass over a record's fields: what each rule of the table takes, with its other script."""

from collections import defaultdict

import msgspec

from pinakes.tenants.catalogue.marc.paralleled import Values, paralleled
from pinakes.tenants.catalogue.marc.record import Dialect, Field, Record, subfields
from pinakes.tenants.catalogue.marc.rules import Rule, tables
from pinakes.tenants.catalogue.marc.tidying import plain, trimmed

TWIN = "880"
LINK = "\x1f6"
LINK_TO_TWIN = LINK + TWIN
MOST = 300  # fields of one kind that a description shows
LONGEST = 10_000  # characters of one field that it shows


class Taken(msgspec.Struct, frozen=True, gc=False):
    """Words of one field; ``twin`` the same in its original script; ``extra`` role or label."""

    tag: str
    words: str
    twin: str
    extra: str
    text: str
    other: str

    @property
    def shown(self) -> str:
        """What a reader sees first: the original script."""
        return self.twin or self.words


Parts = dict[str, list[Taken]]


def parts_of(record: Record) -> Parts:
    """Everything the dialect's table takes, by part, in the record's order."""
    known = tables(record.dialect)
    rules, parallel = known.rules, known.parallel
    marc21 = record.dialect is Dialect.MARC21
    fields, twins = _paired(record.fields) if marc21 else (record.fields, {})
    parts: Parts = defaultdict(list)
    for tag, text in fields:
        found = rules.get(tag)
        if found is None:
            continue
        twin = twins.get(_link(tag, text), "") if twins and LINK in text else ""
        values, twin_values = subfields(text), subfields(twin) if twin else []
        if tag in parallel:
            values = paralleled(values, parallel[tag])
            twin_values = paralleled(twin_values, parallel[tag])
        for rule in found:
            words = _words(rule, values)
            twin_words = _words(rule, twin_values) if twin else ""
            if (words or twin_words) and len(taken := parts[rule.part]) < MOST:
                extra = _extra(rule, values) if rule.extra else ""
                taken.append(Taken(tag, words, twin_words, extra, text, twin))
    return parts


def _paired(fields: tuple[Field, ...]) -> tuple[list[Field], dict[str, str]]:
    """The fields without the 880s that belong to one of them, and those 880s by their link.

    An 880 that belongs to none stands in for the field it names.
    """
    linked = {_twin_link(text): text for tag, text in fields if tag == TWIN}
    if not linked:
        return list(fields), linked
    wanted = {_link(tag, text) for tag, text in fields if LINK in text and tag != TWIN} - {""}
    if wanted.issuperset(linked):
        return [field for field in fields if field[0] != TWIN], linked
    linked.pop("", None)
    kept = [
        (text.partition(LINK)[2][:3], text) if tag == TWIN else (tag, text)
        for tag, text in fields
        if tag != TWIN or _twin_link(text) not in wanted
    ]
    return kept, linked


def _link(tag: str, text: str) -> str:
    """245-01 for a 245 that says 880-01; nothing without a link."""
    at = text.find(LINK_TO_TWIN)
    return tag + text[at + 5 : at + 8] if at >= 0 else ""


def _twin_link(text: str) -> str:
    """245-01 for an 880 that says 245-01; nothing when it stands alone (00)."""
    target = text.partition(LINK)[2][:6]
    return "" if target.endswith("-00") else target


def _words(rule: Rule, values: Values) -> str:
    """The rule's subfields joined."""
    codes = rule.codes
    found = [pair for pair in values if pair[0] in codes]
    if not found:
        return ""
    words = _between(rule, values) if rule.separators else " ".join([word for _, word in found])
    words = plain(words[:LONGEST])
    return trimmed(words) if rule.trims else words


def _between(rule: Rule, values: Values) -> str:
    """The same where not a blank, but what the table says stands between two of them."""
    words, before, codes, separators = "", "", rule.codes, rule.separators
    for code, value in values:
        if code in codes:
            if words:
                words += separators.get(before + code) or separators.get(code, " ")
            words += value
        if rule.by_what_was_before and code.islower():
            before = code
    return words


def _extra(rule: Rule, values: Values) -> str:
    for code, value in values:
        if code in rule.extra:
            return trimmed(plain(value))
    return ""
