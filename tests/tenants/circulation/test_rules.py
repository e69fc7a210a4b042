"""May it be lent, may it be kept longer: the tables that librarians read."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from pinakes.tenants.circulation.calendar import Calendar
from pinakes.tenants.circulation.rules import LENDING, RENEWING, Facts, LoanRefused, judge
from pinakes.tenants.registry.keys import LoanRule

NOW = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
CALENDAR = Calendar(ZoneInfo("Asia/Shanghai"))
TERMS = (
    LoanRule(days=30, renewals=1),
    LoanRule(reader="child", days=21, renewals=1, limit=5),
    LoanRule(item="audio", days=14, renewals=0, limit=3),
    LoanRule(item="reference", days=0),
    LoanRule(reader="teacher", item="audio", days=60, renewals=2),
)


def facts(**more: Any) -> Facts:
    told: dict[str, Any] = {"now": NOW, "calendar": CALENDAR, "item_kind": "book", "terms": TERMS}
    return Facts(**told | more)


@pytest.mark.parametrize(
    ("reader", "item", "rule", "days"),
    [
        ("adult", "book", "*/*", 30),
        ("child", "book", "child/*", 21),
        ("adult", "audio", "*/audio", 14),
        ("child", "audio", "*/audio", 14),  # the item's kind tells more than the reader's
        ("teacher", "audio", "teacher/audio", 60),
        ("teacher", "map", "*/*", 30),
    ],
)
def test_the_rule_that_fits_best_wins(reader: str, item: str, rule: str, days: int) -> None:
    term = judge(LENDING, facts(reader_kind=reader, item_kind=item))
    assert (term.name, term.days) == (rule, days)


REFUSED: Mapping[str, dict[str, Any]] = {
    "card_not_valid": {"card_state": "lost"},
    "reader_expired": {"blocks": ["expired"]},
    "reader_blocked": {"blocks": ["fees"]},
    "item_not_available": {"item_status": "lent"},
    "item_not_for_loan": {"item_kind": "reference"},
    "limit_of_kind_reached": {"item_kind": "audio", "open_here": 3, "open_of_kind": 3},
    "limit_here_reached": {"open_here": 10},
    "limit_everywhere_reached": {"loans_left": 0},
}


@pytest.mark.parametrize("rule", REFUSED)
def test_a_refusal_is_called_by_its_rule(rule: str) -> None:
    with pytest.raises(LoanRefused) as refused:
        judge(LENDING, facts(**REFUSED[rule]))
    assert refused.value.code == rule


@pytest.mark.parametrize(
    "allowed",
    [
        {"open_here": 9},
        {"loans_left": 1},
        {"item_kind": "audio", "open_here": 9, "open_of_kind": 2},
        {"reader_kind": "child", "open_here": 4},
        {"membership": "active"},
    ],
)
def test_the_last_one_that_is_allowed_is_allowed(allowed: dict[str, Any]) -> None:
    assert judge(LENDING, facts(**allowed))


def test_a_child_s_limit_counts_whatever_the_child_has() -> None:
    with pytest.raises(LoanRefused) as refused:
        judge(LENDING, facts(reader_kind="child", open_here=5, open_of_kind=1))
    assert refused.value.code == "limit_of_kind_reached"


def test_this_branch_s_block_counts_like_the_home_s() -> None:
    with pytest.raises(LoanRefused) as refused:
        judge(LENDING, facts(membership="blocked"))
    assert refused.value.code == "reader_blocked"


def test_the_first_rule_that_says_no_is_the_one_named() -> None:
    with pytest.raises(LoanRefused) as refused:
        judge(LENDING, facts(card_state="lost", blocks=["fees"], loans_left=0))
    assert refused.value.code == "card_not_valid"


def test_without_any_rule_nothing_is_lent() -> None:
    with pytest.raises(LoanRefused) as refused:
        judge(LENDING, facts(terms=()))
    assert refused.value.code == "item_not_for_loan"


RENEWALS: list[tuple[str | None, dict[str, Any]]] = [
    (None, {}),
    (None, {"due_at": NOW - timedelta(days=3)}),  # late, but nothing speaks against it
    ("renewals_used_up", {"renewals": 1}),
    ("renewals_used_up", {"item_kind": "audio"}),
    ("renewal_too_early", {"due_at": NOW + timedelta(days=31)}),
    ("reader_blocked", {"blocks": ["overdue"]}),
    ("reader_expired", {"blocks": ["expired"]}),
]


@pytest.mark.parametrize(("rule", "more"), RENEWALS)
def test_a_loan_is_renewed_or_the_rule_is_named(rule: str | None, more: dict[str, Any]) -> None:
    asked = facts(**{"due_at": NOW + timedelta(days=2)} | more)
    if rule is None:
        assert judge(RENEWING, asked)
        return
    with pytest.raises(LoanRefused) as refused:
        judge(RENEWING, asked)
    assert refused.value.code == rule
