"""What may set parties right that disagree: for every pair of states there can be."""

from itertools import product
from uuid import uuid4

import pytest

from pinakes.federation.lending.mending import (
    advice,
    fits,
    left,
    named,
    righted,
    rights,
    views,
    worded,
)
from pinakes.federation.lending.model import INNER, Role, model
from pinakes.federation.lending.party import Party

R, S, P = Role.REQUESTER, Role.SUPPLIER, Role.PICKUP
MACHINES = model().machines


def stands(role: Role, state: str) -> Party:
    return Party(request=uuid4(), role=role, attempt=1, home=1, pickup=2, supplier=3, state=state)


def test_trouble_is_read_as_it_was_written() -> None:
    told = worded({S: "SHIPPED", P: "LENT"})
    assert told == "pickup:LENT supplier:SHIPPED"
    assert views(told) == {P: "LENT", S: "SHIPPED"}
    assert (worded({}), views(None)) == (None, {})


def test_a_state_that_no_model_has_is_none() -> None:
    party = stands(R, "SHIPPED")
    assert named(party, S, "a b:c") == named(party, S, None) == {S: "unknown"}
    assert not fits(party, S, "unknown")


def test_only_what_still_differs_is_left() -> None:
    trouble = "pickup:ON_ITS_WAY supplier:SHIPPED"
    assert left(trouble, stands(R, "SHIPPED")) is None
    assert left(trouble, stands(R, "RECEIVED")) == trouble
    assert left("requester:SHIPPED", stands(S, "WILL_SUPPLY")) == "requester:SHIPPED"
    assert left("requester:SHIPPED", stands(S, "OVERDUE")) is None


@pytest.mark.parametrize("state", MACHINES[R].states)
def test_what_is_set_right_agrees_with_all_and_is_open(state: str) -> None:
    party = stands(R, state)
    for supplier, pickup in product(MACHINES[S].states, MACHINES[P].states):
        trouble = left(worded({S: supplier, P: pickup}), party)
        for right in rights(party, trouble):
            became = righted(party, right, 0).party
            assert left(trouble, became) is None
            assert not became.over
            assert became.alarm == MACHINES[R].alarms.get(right) or became.alarm is None


@pytest.mark.parametrize("role", [S, P])
def test_advice_names_acts_of_the_desk_alone(role: Role) -> None:
    for state, requester in product(MACHINES[role].states, MACHINES[R].states):
        theirs = advice(stands(R, requester), left(f"{role}:{state}", stands(R, requester)))
        party = stands(role, state)
        ours = advice(party, left(f"requester:{requester}", party))
        for told in theirs + ours:
            acts = told.removeprefix(f"at the {role}: ").split(" or ")
            assert set(acts) <= set(MACHINES[role].acts(state))
            assert not set(acts) & INNER


def test_nothing_is_set_right_where_nothing_disagrees() -> None:
    assert rights(stands(R, "COMPLETED"), None) == []
    assert rights(stands(S, "COMPLETED"), "requester:SHIPPED") == [], "it has a book"
    assert rights(stands(R, "COMPLETED"), "supplier:SHIPPED pickup:ON_ITS_WAY") == ["SHIPPED"]
