"""What decides between two suppliers: each figure by itself, and each rule that leaves one out."""

from datetime import date
from typing import Any, get_args
from uuid import UUID

import pytest

from pinakes.federation.holds.choosing.ranking import (
    ANYBODY,
    OTHERS,
    Asking,
    Candidate,
    Ranking,
    rank,
)
from pinakes.tenants.registry.sharing import Criterion, Policy

HOME, GROUP = 1, "mountains"
TODAY = date(2026, 11, 22)

type Figures = dict[str, Any]


def ranked(*figures: Figures, policy: Policy | None = None, **more: Any) -> Ranking:
    """Numbered from 2: suppliers with these figures, asked for a reader of the first branch."""
    asking = Asking(
        request=UUID(int=9),
        home=HOME,
        policy=policy or Policy(),
        today=TODAY,
        groups=[GROUP],
        **more,
    )
    candidates = [candidate(number, one) for number, one in enumerate(figures, HOME + 1)]
    return rank(candidates, asking)


def candidate(number: int, figures: Figures) -> Candidate:
    told: Figures = {"supplier": number, "record": UUID(int=number), "available": 1}
    told.update(figures)
    return Candidate(**told)


BETTER: list[tuple[str, Figures, Figures]] = [  # what decides, for whom and against whom
    ("own", {"near": 0}, {"near": 1}),
    ("province", {"near": 2}, {"near": 3}),
    ("group", {"groups": [GROUP]}, {"groups": ["sea"]}),
    ("days", {"courier_days": 1}, {"courier_days": 3}),
    ("days", {"closed_days": 0}, {"closed_days": 2}),
    ("days", {"km": 100.0}, {"km": 2_500.0}),
    ("balance", {"balance": 0}, {"balance": 10}),
    ("load", {"open": 0}, {"open": 5}),
    ("distance", {"km": 100.0}, {"km": 300.0}),
    ("cost", {"cost": 0}, {"cost": 1}),
    ("last_resort", {"near": 3}, {"near": 2, "last_resort": True}),
]


@pytest.mark.parametrize(("rule", "better", "worse"), BETTER)
def test_the_better_figure_decides_and_is_named(rule: str, better: Figures, worse: Figures) -> None:
    for first, pair in ((2, (better, worse)), (3, (worse, better))):
        found = ranked(*pair)
        assert (found.order[0].supplier, found.rule) == (first, rule)
        assert len(found.order) == 2


def test_every_criterion_of_a_policy_is_shown_to_decide() -> None:
    assert {rule for rule, *_ in BETTER} == {*get_args(Criterion.__value__), "last_resort"}


def test_the_policy_says_which_figure_goes_before_which() -> None:
    near: Figures = {"near": 2, "balance": 50}
    fair: Figures = {"near": 3, "balance": 0}
    assert ranked(near, fair).order[0].supplier == 2
    assert ranked(near, fair, policy=Policy(order=("balance", "province"))).order[0].supplier == 3


LEFT_OUT: list[tuple[str, Figures, Figures]] = [  # the rule, the figures, and what is asked
    ("refused_before", {}, {"refused": [2]}),
    ("no_copy_left", {"available": 0}, {}),
    ("new_item", {"available": 1, "fresh": 1}, {}),
    ("paused", {"paused": True}, {}),
    ("closed_for_long", {"closed_days": None}, {}),
    ("cap_reached", {"daily_cap": 3, "asked": 3}, {}),
    ("outside_group", {"groups": ["sea"]}, {"policy": Policy(group_only=True)}),
    ("too_dear", {"cost": 2}, {"policy": Policy(most_cost=1)}),
    ("too_late", {"courier_days": 3}, {"needed_by": date(2026, 11, 24)}),
]


@pytest.mark.parametrize(("rule", "figures", "asked"), LEFT_OUT, ids=[row[0] for row in LEFT_OUT])
def test_who_may_not_be_asked_is_left_out_by_a_named_rule(
    rule: str, figures: Figures, asked: Figures
) -> None:
    found = ranked(figures, **asked)
    assert ([one.out for one in found.considered], found.rule) == ([rule], "nobody")
    if rule == "refused_before":
        asked = {"refused": [HOME]}
    own = ranked(figures | {"supplier": HOME}, **asked)
    assert bool(own.order) == (rule not in ANYBODY), "a branch serves its own readers"


def test_every_rule_that_leaves_out_is_shown() -> None:
    assert [rule for rule, *_ in LEFT_OUT] == [*ANYBODY, *OTHERS]


LOOKED_AT: list[tuple[str, Figures, Figures]] = [  # a rule or a criterion, and what it looks at
    ("no_copy_left", {"available": 0}, {"available": 0}),
    ("new_item", {"fresh": 1}, {"fresh": 1, "available": 1}),
    ("paused", {"paused": True}, {"paused": True}),
    ("closed_for_long", {"closed_days": None}, {"closed_days": None}),
    ("days", {"closed_days": 4, "courier_days": 1, "km": 0.0}, {"closed_days": 4, "days": 5}),
    ("cap_reached", {"daily_cap": 3, "asked": 3}, {"daily_cap": 3, "asked": 3}),
    ("outside_group", {"groups": ["sea"]}, {"groups": []}),
    ("group", {"groups": ["sea", GROUP]}, {"groups": [GROUP]}),
    ("last_resort", {"last_resort": True}, {"last_resort": True}),
    ("too_dear", {"cost": 2}, {"cost": 2}),
]


@pytest.mark.parametrize(("rule", "figures", "told"), LOOKED_AT, ids=[row[0] for row in LOOKED_AT])
def test_a_choice_is_kept_with_the_figures_that_decided(
    rule: str, figures: Figures, told: Figures
) -> None:
    assert rule in {*ANYBODY, *OTHERS, *get_args(Criterion.__value__), "last_resort"}
    [one] = ranked(figures).considered
    assert {name: one.figures[name] for name in told} == told


def test_the_last_one_that_is_allowed_is_asked() -> None:
    figures: Figures = {"daily_cap": 3, "asked": 2, "cost": 1, "courier_days": 2, "km": 100.0}
    asked: Figures = {"policy": Policy(most_cost=1), "needed_by": date(2026, 11, 24)}
    assert ranked(figures, **asked).rule == "only_one"
