"""The life of a branch, and where it may stand."""

import pytest

from pinakes.tenants.registry.machine import (
    MOVES,
    PARENTS,
    Action,
    BranchMoveRefused,
    Kind,
    ParentRefused,
    State,
    fit,
    move,
    wishes,
)


def test_a_branch_comes_rests_and_goes() -> None:
    state = State.REQUESTED
    for action in (
        Action.ACTIVATE,
        Action.SUSPEND,
        Action.RESUME,
        Action.LEAVE,
        Action.RESUME,
        Action.LEAVE,
        Action.CLOSE,
    ):
        state = move(state, action)
    assert state == State.GONE


def test_what_is_gone_stays_gone() -> None:
    assert wishes(State.GONE) == []


def test_nobody_can_ask_to_activate() -> None:
    assert all(Action.ACTIVATE not in wishes(state) for state in State)


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("action", Action)
def test_every_other_move_is_refused(state: State, action: Action) -> None:
    if (state, action) in MOVES:
        return
    with pytest.raises(BranchMoveRefused):
        move(state, action)


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("parent", [None, *Kind])
def test_kinds_stand_where_the_table_says(kind: Kind, parent: Kind | None) -> None:
    fits = parent in PARENTS[kind] if PARENTS[kind] else parent is None
    if fits:
        fit(kind, parent)
        return
    with pytest.raises(ParentRefused):
        fit(kind, parent)


def test_a_parents_kind_always_comes_earlier() -> None:
    order = list(Kind)
    for kind, parents in PARENTS.items():
        assert all(order.index(parent) < order.index(kind) for parent in parents)
