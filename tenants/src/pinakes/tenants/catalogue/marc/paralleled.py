"""Which part of a title field is a parallel title, one in another language beside it."""

from collections.abc import Iterator

from pinakes.tenants.catalogue.marc.record import SUBFIELD, subfields

SIGN = "="
CARRIES_ON = frozenset("behinp")
type Pieces = Iterator[tuple[bool, str, str]]  # whether it is of the parallel title; code; value


def parted(text: str, begins: str) -> tuple[str, str]:
    """The field without its parallel titles, and these as a field of their own (else nothing).

    Args:
        text: a title field.
        begins: the subfield that begins a parallel title (UNIMARC: d), or the sign = that
            stands at the end of the subfield before it or within one (MARC 21).
    """
    if (SIGN if begins == SIGN else SUBFIELD + begins) not in text:
        return text, ""
    values = subfields(text)
    pieces = _by_sign(values) if begins == SIGN else _by_code(values, begins)
    sides = [text.partition(SUBFIELD)[0], ""]
    for beside, code, value in pieces:
        sides[beside] += SUBFIELD + code + value
    return sides[False], sides[True]


def _by_sign(values: list[tuple[str, str]]) -> Pieces:
    beside = False
    for code, value in values:
        if code not in CARRIES_ON:
            beside = False
            yield False, code, value
        elif beside or " = " not in value:
            yield beside, code, value
        else:
            before, _, after = value.partition(" = ")
            yield False, code, before
            yield True, code, after
            beside = True
        beside = beside or value.rstrip().endswith(SIGN)


def _by_code(values: list[tuple[str, str]], begins: str) -> Pieces:
    beside = False
    for code, value in values:
        if code == begins:
            beside = True
            yield True, code, value.lstrip("= ")
        else:
            beside = beside and (code in CARRIES_ON or not code.islower())
            yield beside and code in CARRIES_ON, code, value
