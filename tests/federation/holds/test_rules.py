"""Who may reserve what, who gets a copy, where a returned item goes: tables librarians read."""

from csv import DictReader
from pathlib import Path

import pytest

from pinakes.federation.holds.rules import (
    PLACING,
    ROUTES,
    SERVING,
    Facts,
    HoldRefused,
    Meeting,
    Returned,
    judge,
    recall,
    route,
    serve,
)
from pinakes.tenants.registry.sharing import HoldRule, Recall

RULES = (
    HoldRule(),
    HoldRule(item="reference", holds=False),
    HoldRule(reader="teacher", item="reference"),
    HoldRule(reader="child", limit=3),
    HoldRule(item="audio", limit=2),
    HoldRule(reader="blind", item="audio"),
    HoldRule(reader="child", item="audio", holds=False),
    HoldRule(item="restricted", least_age=18),
    HoldRule(reader="child", item="game", least_age=8),
)
HERE, OTHER, THIRD = 1, 2, 3
BRANCHES = {"here": HERE, "other": OTHER, "owner": OTHER, "third": THIRD, "in hand": None}

type Case = dict[str, str]


def table(name: str) -> list[Case]:
    """The rows of a table; lines that begin with # are for people."""
    lines = Path(__file__).with_name(f"{name}.tsv").read_text().splitlines()
    return list(DictReader((line for line in lines if line[:1] != "#"), delimiter="\t"))


PLACED, SERVED, ROUTED = table("placing"), table("serving"), table("routing")


def named(case: Case) -> str:
    return case["case"]


@pytest.mark.parametrize("case", PLACED, ids=named)
def test_who_may_reserve_what_and_where(case: Case) -> None:
    facts = Facts(
        reader_kind=case["reader"] or "adult",
        age=int(case["age"]) if case["age"] else None,
        blocks=case["blocks"].split(",") if case["blocks"] else (),
        item_kind=case["item"] or "book",
        rules=RULES,
        holds=int(case["holds"] or 0),
        holds_of_kind=int(case["of_kind"] or 0),
        most=int(case["most"] or 5),
        has_it=case["has_it"] == "yes",
        sure=case["sure"] == "yes",
        pickup=case["pickup"] or "home",  # type: ignore[arg-type]  # the table is typed by its reader
        pickups=case["pickups"] or "anywhere",
        pickup_open=case["open"] != "no",
    )
    try:
        answer = ("yes", judge(facts))
    except HoldRefused as refused:
        answer = ("no", refused.code)
    assert answer == (case["may"], case["rule"])


@pytest.mark.parametrize("case", SERVED, ids=named)
def test_who_gets_a_copy_that_is_free(case: Case) -> None:
    met = Meeting(
        own_reader=case["own"] != "no",
        other_item=case["other_item"] == "yes",
        refused=case["refused"] == "yes",
        too_late=case["too_late"] == "yes",
        new_days=int(case["new_days"] or 0),
        days_old=int(case["days_old"] or 1000),
        waited=float(case["waited"] or 0),
        local_waited=float(case["local_waited"]) if case["local_waited"] else None,
        local_days=int(case["local_days"] or 0),
    )
    gets, rule = serve(met)
    assert ("yes" if gets else "no", rule) == (case["gets_it"], case["rule"])


@pytest.mark.parametrize("case", ROUTED, ids=named)
def test_where_a_returned_item_goes(case: Case) -> None:
    found = route(
        Returned(
            here=HERE,
            owner=BRANCHES.get(case["owner"]),
            owner_open=case["owner_open"] != "no",
            damaged=case["damaged"] == "yes",
            wanted_at=BRANCHES[case["wanted_at"]] if case["wanted_at"] else None,
            floats=case["floats"] == "yes",
            copies_here=int(case["copies_here"] or 0),
            most_here=int(case["most_here"] or 2),
        )
    )
    assert (found.to, found.rule) == (BRANCHES[case["goes"]], case["rule"])


def test_there_are_two_hundred_cases_and_every_rule_is_among_them() -> None:
    assert len(PLACED) + len(SERVED) + len(ROUTED) >= 200
    assert {refusal.code for refusal in PLACING} <= {case["rule"] for case in PLACED}
    assert {*SERVING, "first_in_line"} == {case["rule"] for case in SERVED}
    assert set(ROUTES) == {case["rule"] for case in ROUTED}


@pytest.mark.parametrize(
    ("waiting", "kept", "days"),
    [(0, 30, None), (1, 30, None), (2, 0, 14), (2, 10, 7), (2, 30, 7), (9, 5, 9)],
)
def test_a_lent_item_is_called_back_once_enough_wait(
    waiting: int, kept: int, days: int | None
) -> None:
    assert recall(Recall(waiting=2), waiting, kept) == days
    assert recall(Recall(), waiting, kept) is None
