"""Which supplier is asked, and why: every candidate with its figures. Pure."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import date
from operator import attrgetter, itemgetter
from typing import Any, Final, NamedTuple
from uuid import UUID

from msgspec import Struct

from pinakes.tenants.registry.sharing import Criterion, Policy

UNKNOWN_KM: Final = 5000  # a branch that is not on the map counts as far away
KM_A_DAY: Final = 1000  # what a courier adds to the days that a branch names
STRIDE: Final = 0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835
PRIME: Final = 2**61 - 1
LOT = "lot"  # decides between equals, so that nobody is always first


class Candidate(Struct, frozen=True, kw_only=True):
    """A branch that has the title, with all that decides about it."""

    supplier: int
    record: UUID
    available: int  # copies on the shelf, less those asked for already
    fresh: int = 0  # of them, so new that they serve their own branch alone
    near: int = 3  # 0 the home or the place of pickup, 1 its city, 2 its province, 3 beyond
    km: float | None = None
    open: int = 0  # supplies under way
    asked: int = 0  # requests of today
    daily_cap: int | None = None
    balance: int = 0  # supplied less borrowed, so far
    courier_days: int = 2
    cost: int = 0
    closed_days: int | None = 0  # until it opens again; none: not within a month
    paused: bool = False
    last_resort: bool = False
    groups: Sequence[str] = ()

    @property
    def days(self) -> int:
        """Until the item can be at the place of pickup."""
        if self.near == 0:
            return self.closed_days or 0
        return (self.closed_days or 0) + travel(self.courier_days, self.km)

    @property
    def reach(self) -> float:
        return UNKNOWN_KM if self.km is None else self.km


def travel(courier_days: int, km: float | None) -> int:
    """Days on the way from a branch with these *courier_days* to one so far off."""
    return courier_days + int((UNKNOWN_KM if km is None else km) // KM_A_DAY)


class Asking(Struct, frozen=True, kw_only=True):
    """Who asks: the reader's branch, its policy of the day, and what the reader wants."""

    request: UUID
    home: int
    policy: Policy
    today: date
    groups: Collection[str] = ()
    needed_by: date | None = None
    refused: Collection[int] = ()


class Considered(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One candidate as it was judged: its place, or the rule that left it out."""

    supplier: int
    record: UUID
    place: int = 0
    out: str = ""
    figures: dict[str, Any]


class Ranking(Struct, frozen=True):
    """All that were considered, the best first, and the criterion that put it there."""

    considered: list[Considered]
    rule: str  # only_one, nobody, last_resort, a criterion of the policy, or lot

    @property
    def order(self) -> list[Considered]:
        """Those that may be asked, in the order of asking."""
        return [one for one in self.considered if not one.out]


type Check = Callable[[Candidate, Asking], bool]

ANYBODY: Mapping[str, Check] = {  # the first that holds leaves a candidate out
    "refused_before": lambda one, asking: one.supplier in asking.refused,
    "no_copy_left": lambda one, asking: one.available <= 0,
}
OTHERS: Mapping[str, Check] = {  # a branch's own readers are served whatever it grants others
    "new_item": lambda one, asking: one.available <= one.fresh,
    "paused": lambda one, asking: one.paused,
    "closed_for_long": lambda one, asking: one.closed_days is None,
    "cap_reached": lambda one, asking: one.daily_cap is not None and one.asked >= one.daily_cap,
    "outside_group": lambda one, asking: asking.policy.group_only and not together(one, asking),
    "too_dear": lambda one, asking: (
        asking.policy.most_cost is not None and one.cost > asking.policy.most_cost
    ),
    "too_late": lambda one, asking: (
        asking.needed_by is not None and one.days > (asking.needed_by - asking.today).days
    ),
}

MARKS: Mapping[Criterion, Callable[[Candidate, Asking], int]] = {  # less is better
    "own": lambda one, asking: one.near > 0,
    "province": lambda one, asking: one.near > 2,  # noqa: PLR2004  (see Candidate.near)
    "group": lambda one, asking: not together(one, asking),
    "days": lambda one, asking: one.days,
    "balance": lambda one, asking: one.balance // asking.policy.balance,
    "load": lambda one, asking: one.open // asking.policy.load,
    "distance": lambda one, asking: int(one.reach // asking.policy.km),
    "cost": lambda one, asking: one.cost,
}


class Placed(NamedTuple):
    """A candidate that may be asked; the lesser goes first."""

    marks: tuple[int, ...]
    lot: int
    candidate: Candidate


def rank(candidates: Iterable[Candidate], asking: Asking) -> Ranking:
    """Leave out whom a rule forbids, put the others in the policy's order, and tell all of it."""
    distinct = once_each(candidates)
    fit = in_order(distinct, asking)
    chosen = [
        Considered(
            supplier=one.supplier, record=one.record, place=place, figures=figures(one, asking)
        )
        for place, (_, _, one) in enumerate(fit, 1)
    ]
    left = [
        Considered(supplier=one.supplier, record=one.record, out=rule, figures=figures(one, asking))
        for one in distinct
        if (rule := ruled_out(one, asking))
    ]
    return Ranking([*chosen, *left], decided_by([one.marks for one in fit], asking))


def in_order(candidates: Iterable[Candidate], asking: Asking) -> list[Placed]:
    """Those that no rule leaves out, in the policy's order.

    Whoever is the last resort comes last, whatever the policy says.
    """
    compared = [MARKS[criterion] for criterion in asking.policy.order]
    fit = [
        Placed((one.last_resort, *[mark(one, asking) for mark in compared]), lot(one, asking), one)
        for one in candidates
        if not ruled_out(one, asking)
    ]
    return sorted(fit, key=itemgetter(0, 1))


def once_each(candidates: Iterable[Candidate]) -> Collection[Candidate]:
    """A branch with several records of a title is asked for the one with most copies."""
    return {one.supplier: one for one in sorted(candidates, key=attrgetter("available"))}.values()


def ruled_out(one: Candidate, asking: Asking) -> str:
    """The name of the first rule that forbids it, or nothing."""
    for rule, holds in ANYBODY.items():
        if holds(one, asking):
            return rule
    if one.supplier != asking.home:
        for rule, holds in OTHERS.items():
            if holds(one, asking):
                return rule
    return ""


def lot(one: Candidate, asking: Asking) -> int:
    """The same for the same request and branch, and otherwise as good as drawn."""
    return (asking.request.int ^ one.supplier) * STRIDE % PRIME


def decided_by(fit: Sequence[tuple[int, ...]], asking: Asking) -> str:
    """The criterion in which the first is better than the second."""
    if len(fit) < 2:  # noqa: PLR2004  (one to compare, or none)
        return "only_one" if fit else "nobody"
    names = ("last_resort", *asking.policy.order)
    return next(
        (name for name, one, two in zip(names, fit[0], fit[1], strict=True) if one != two), LOT
    )


def together(one: Candidate, asking: Asking) -> bool:
    """Whether it is in a group with the reader's branch."""
    return bool(one.groups) and any(group in asking.groups for group in one.groups)


def figures(one: Candidate, asking: Asking) -> dict[str, Any]:
    """What is kept with the choice, for whoever asks why: all that a rule or a mark looks at.

    Days, kilometres, copies, requests; *groups*: those that it shares with the reader's branch.
    """
    return {
        "available": one.available,
        "near": one.near,
        "km": None if one.km is None else round(one.km),
        "days": one.days,
        "balance": one.balance,
        "open": one.open,
        "asked": one.asked,
        "cost": one.cost,
        "groups": [group for group in one.groups if group in asking.groups],
        "daily_cap": one.daily_cap,
        "paused": one.paused,
        "closed_days": one.closed_days,
        "fresh": one.fresh,
        "last_resort": one.last_resort,
    }
