"""Which subfields of a title belong to a parallel title, one in another language beside it."""

from collections.abc import Iterator

SIGN = "="
CARRIES_ON = frozenset("behinp")
type Values = list[tuple[str, str]]


def paralleled(values: Values, begins: str) -> Values:
    """The values, those of a parallel title under a code with = before it.

    Args:
        values: codes and values of a title field.
        begins: the subfield that begins a parallel title (UNIMARC: d), or the sign = that
            stands at the end of the subfield before it or within one (MARC 21).
    """
    if begins == SIGN:
        return list(_after_sign(values)) if any(SIGN in value for _, value in values) else values
    return (
        list(_after_code(values, begins)) if any(code == begins for code, _ in values) else values
    )


def _after_sign(values: Values) -> Iterator[tuple[str, str]]:
    beside = False
    for code, value in values:
        if code not in CARRIES_ON:
            beside = False
            yield code, value
        elif beside or " = " not in value:
            yield SIGN * beside + code, value
        else:
            before, _, after = value.partition(" = ")
            yield code, before
            yield SIGN + code, after
            beside = True
        beside = beside or value.rstrip().endswith(SIGN)


def _after_code(values: Values, begins: str) -> Iterator[tuple[str, str]]:
    beside = False
    for code, value in values:
        if code == begins:
            beside = True
            yield code, value.lstrip("= ")
        else:
            beside = beside and (code in CARRIES_ON or not code.islower())
            yield (SIGN + code if beside and code in CARRIES_ON else code), value
