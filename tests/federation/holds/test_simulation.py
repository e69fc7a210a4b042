"""Another policy, tried on the same requests, before a board decides for it."""

import json
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from click.testing import CliRunner
from msgspec.structs import replace
from sqlalchemy import text

from pinakes.federation.holds.choosing.cli import simulate
from pinakes.federation.holds.choosing.generating import demands, world
from pinakes.federation.holds.choosing.recorded import recorded
from pinakes.federation.holds.choosing.simulation import FAIR, Course, Habits, gini, gini_over
from pinakes.federation.holds.choosing.world import Branch, Demand, World
from pinakes.platform.db import Database, public_work
from pinakes.platform.directory import Tenant
from pinakes.tenants.registry.sharing import Policy

WAITS = text("""
    INSERT INTO commons.wanted (request_id, edition_id, home, pickup, place, needed_by)
    VALUES (gen_random_uuid(), :edition, :home, :home, 1, '2100-01-01')
""")
FIRST = date(2026, 11, 1)
SURE = Habits(refusals=0)


def small(copies: int) -> World:
    """A home without books, a neighbour in its city, and a large branch far away."""
    branches = [
        Branch(id=1, code="home", province=9, city=8),
        Branch(id=2, code="near", province=9, city=8, courier_days=3),
        Branch(id=3, code="far", province=7, courier_days=1),
    ]
    return World({one.id: one for one in branches}, {1: {2: copies, 3: copies}}, FIRST)


def wishes(*days: float) -> list[Demand]:
    return [Demand(day, 1, 1, UUID(int=number)) for number, day in enumerate(days)]


def test_a_policy_decides_who_carries_the_load() -> None:
    days = [number / 10 for number in range(10)]
    near = Course(small(20), [Policy(order=("province",))], SURE).run(wishes(*days))
    assert dict(near.busiest) == {"near": 10}
    fair = Course(small(20), [Policy(order=("balance",), balance=1)], SURE).run(wishes(*days))
    assert dict(fair.busiest) == {"near": 5, "far": 5}
    assert (fair.gini < near.gini, fair.fill_rate, near.fill_rate) == (True, 1.0, 1.0)


def test_a_policy_that_begins_in_between_holds_from_then_on() -> None:
    later = Policy(since=date(2026, 11, 6), order=("days",))
    course = Course(small(20), [Policy(order=("province",)), later], SURE)
    course.run(wishes(1, 2, 3, 6, 7))
    assert dict(course.supplied) == {2: 3, 3: 2}


def test_a_copy_that_is_away_fills_no_other_request_until_it_is_back() -> None:
    outcome = Course(small(1), None, SURE).run(wishes(0, 1, 2, 60))
    assert (outcome.requests, outcome.filled) == (4, 3)
    assert outcome.fill_rate == 0.75


def test_a_refusal_costs_time_and_leads_to_the_next() -> None:
    outcome = Course(small(9), None, Habits(refusals=0.5), seed=3).run(wishes(*range(9)))
    assert outcome.asked_per_request > 1
    assert outcome.days_p95 > outcome.days_median


@pytest.mark.parametrize(
    ("far", "by"),
    [
        ({"pause_from": FIRST}, "near"),
        ({"pause_from": FIRST, "pause_until": FIRST}, "near"),
        ({"pause_from": date(2026, 11, 2)}, "far"),
        ({"pause_from": date(2026, 10, 1), "pause_until": date(2026, 10, 31)}, "far"),
        ({"closed_weekdays": frozenset(range(1, 8))}, "near"),
        ({"closed_days": frozenset({FIRST, date(2026, 11, 2), date(2026, 11, 3)})}, "near"),
        ({"closed_days": frozenset({date(2026, 11, 2)})}, "far"),
    ],
)
def test_who_is_paused_or_closed_is_not_asked_or_later(far: dict[str, Any], by: str) -> None:
    made = small(9)
    branches = {**made.branches, 3: replace(made.branches[3], **far)}
    course = Course(World(branches, made.holders, FIRST), [Policy(order=("days",))], SURE)
    assert dict(course.run(wishes(0)).busiest) == {by: 1}


def test_a_copy_that_would_come_too_late_is_not_asked_for() -> None:
    wish = Demand(0, 1, 1, UUID(int=1), FIRST)
    assert Course(small(9), None, SURE).run([wish]).filled == 0


def test_what_was_forgotten_in_part_is_not_replayed() -> None:
    refused = CliRunner().invoke(simulate, ["--policy", "{}", "--days", "41"])
    assert (refused.exit_code, "at most --days 40" in refused.output) == (1, True)


def test_unevenness_is_nothing_when_all_do_the_same_and_nearly_one_when_one_does_it_all() -> None:
    assert gini([5, 5, 5, 5]) == pytest.approx(0)
    assert gini([0] * 99 + [7]) == pytest.approx(0.99)


def test_load_against_holdings_is_even_when_each_supplies_as_it_holds() -> None:
    assert gini_over([(1, 10), (5, 50), (30, 300)]) == pytest.approx(0)
    assert gini_over([(0, 99), (7, 1)]) == pytest.approx(0.99)
    assert gini_over([(2, 1), (1, 1)]) == pytest.approx(gini([1, 2]))
    assert (gini_over([]), gini_over([(0, 5)])) == (0, 0)


def test_the_policy_that_is_set_is_fair_and_one_that_always_asks_the_same_is_not() -> None:
    made = world(60, 4, FIRST)
    cheap = {id: replace(one, cost=id % 5) for id, one in made.branches.items()}
    made = World(cheap, made.holders, FIRST)
    fair, unfair = [
        Course(made, policy, seed=2).run(demands(made, 1500, 1500, 4))
        for policy in (None, [Policy(order=("cost",))])
    ]
    assert (fair.fair, unfair.fair) == (True, False)
    assert fair.gini_by_holdings <= FAIR < unfair.gini_by_holdings


def test_the_same_seed_gives_the_same_course() -> None:
    outcomes = [
        Course(made := world(60, 4, FIRST), None, seed=2).run(demands(made, 300, 30, 4))
        for _ in range(2)
    ]
    assert outcomes[0] == outcomes[1]
    assert outcomes[0].fill_rate > 0.5
    assert sum(out for out, _ in outcomes[0].provinces.values()) == outcomes[0].filled


def test_the_command_shows_both_policies_as_a_table_and_as_json(tmp_path: Path) -> None:
    file = tmp_path / "policy.json"
    file.write_text('[{"order": ["balance"], "balance": 1}]')
    words = ["--generate", "500", "--branches", "80", "--policy", str(file)]
    told = json.loads(CliRunner().invoke(simulate, [*words, "--json"]).output)
    assert told["other"]["gini"] < told["today"]["gini"]
    shown = CliRunner().invoke(simulate, words).output
    assert "fill rate" in shown
    assert f"target: up to {FAIR}" in " ".join(shown.split())
    assert told["today"]["fair"] == (told["today"]["gini_by_holdings"] <= FAIR)
    assert "Who carries it" in shown
    assert "lending.policy" in CliRunner().invoke(simulate, ["--policy", "{]"]).output


@pytest.mark.anyio
async def test_what_was_really_asked_is_replayed(
    database: Database, country: dict[str, Tenant], held: Any
) -> None:
    edition = await held(country["sister"], country["far"])
    note = text(
        "SELECT commons.note_supply(gen_random_uuid(), 1, :supplier, :home, :edition, 'asked')"
    )
    told = {"supplier": country["far"].id, "home": country["home"].id, "edition": edition}
    async with public_work(database.public) as public:
        for _ in range(2):
            await public.execute(note, told)
        nobody = {"home": country["home"].id, "edition": uuid4()}  # holds the title
        await public.execute(WAITS, nobody)
        made, asked = await recorded(public, 7)
    mine = [one for one in asked if one.home == country["home"].id]
    outcome = Course(made, None, SURE).run(mine)
    assert (len(mine), outcome.filled, outcome.fill_rate) == (3, 2, 0.6667)
    assert dict(outcome.busiest) == {country["sister"].code: 2}, "the policy prefers the neighbour"
