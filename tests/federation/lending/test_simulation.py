"""A hub and fifty branches in storm: no book is lost or lent twice, and all tell one story."""

from collections import Counter

import pytest

from pinakes.federation.lending.model import Role, model
from pinakes.federation.lending.simulation.books import ARRIVING, EFFECTS, Broken, nothing
from pinakes.federation.lending.simulation.storm import Storm

SEEDS, STEPS = 300, 1_000
RARE = {
    "timer unreviewed",
    "lost message", "doubled message", "clock jump", "found elsewhere", "passed_on elsewhere",
    "served from the queue",
    "attempt 4", "timer unanswered", "timer unshipped", "timer aged", "timer undecided",
    "timer never_arrived", "timer never_home", "timer uncollected", "timer overdue", "timer late",
}  # fmt: skip


def test_no_storm_breaks_a_promise_and_every_rare_path_is_reached() -> None:
    seen: Counter[str] = Counter()
    for seed in range(SEEDS):
        try:
            seen += Storm(seed).run(STEPS)
        except Broken as broken:
            pytest.fail(f"seed {seed}: {broken}")
    states = {f"{role} {state}" for role in Role for state in model().machines[role].states}
    starts = {f"{role} {model().machines[role].start}" for role in Role}
    assert sorted((states - starts | RARE) - seen.keys()) == []


def test_a_late_word_of_a_written_off_book_leaves_alone_whoever_has_it_now() -> None:
    assert Storm(5835).run(STEPS)


def test_a_seed_tells_the_same_story_again() -> None:
    first, second = Storm(7), Storm(7)
    assert first.run(300) == second.run(300)
    assert first.parties == second.parties
    assert Storm(8).run(300) != first.seen


@pytest.mark.parametrize("forgotten", ["close_loan", "release", "shelve", "write_off", "take_in"])
def test_a_planted_mistake_is_found(forgotten: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(EFFECTS, forgotten, nothing)
    with pytest.raises(Broken):
        storms(SEEDS)


def test_a_transit_that_never_ends_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"{Storm.__module__}.ARRIVING", ARRIVING - {"parcel_home"})
    with pytest.raises(Broken, match="never ends"):
        storms(SEEDS)


def storms(seeds: int) -> Counter[str]:
    return sum((Storm(seed).run(STEPS) for seed in range(seeds)), Counter[str]())
