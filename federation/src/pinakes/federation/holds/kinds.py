"""Which kinds of copies a reader may wait for: each kind is judged by itself. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from pinakes.federation.holds.rules import ANY, Facts, judge, refusal
from pinakes.tenants.items.schemas import REFERENCE
from pinakes.tenants.registry.sharing import HoldRule


class Allowed(NamedTuple):
    """What a reader may have of a title."""

    rule: str  # that allows it
    kind: str  # as which it counts; empty while nobody knows what copies there will be
    fits: dict[str, bool]  # whether a copy of a kind will do, ``*``: of any other; empty: all do


def allow(facts: Facts, kinds: Sequence[str], counts: Mapping[str, int]) -> Allowed:
    """What is allowed of a title with copies of these *kinds*; HoldRefused when none is.

    The first kind that is allowed counts, of which the reader waits for so many as *counts* say;
    one with a limit of its own counts only when there is no other, and otherwise does not do.
    Of a title whose copies nobody knows any kind may be meant.
    """
    named = {rule.item for rule in facts.rules} - {ANY, REFERENCE, *kinds}
    known = {
        kind: replace(facts, item_kind=kind, holds_of_kind=counts.get(kind, 0))
        for kind in (*kinds, ANY, *sorted(named))
    }
    may = {kind: refusal(one) is None for kind, one in known.items()}
    sought = list(kinds or known)
    allowed = sorted((kind for kind in sought if may[kind]), key=lambda kind: limited(known[kind]))
    kind = next(iter(allowed), sought[0])
    rule = judge(known[kind])
    if kinds:
        may |= {other: False for other in known if other != kind and limited(known[other])}
    fits = {kind: will for kind, will in may.items() if will is not may[ANY]}
    return Allowed(rule, kind if kinds else "", fits | ({} if may[ANY] else {ANY: False}))


def limited(facts: Facts) -> bool:
    """Whether its kind has a limit of its own."""
    rule: HoldRule = facts.rule
    return rule.item != ANY and rule.limit is not None


def will_do(fits: Mapping[str, bool], kind: str) -> bool:
    """Whether a copy of this *kind* will do; ``commons.fits`` says the same."""
    return fits.get(kind, fits.get(ANY, True))
