"""The life of a branch, and which kind stands below which. Pure: no database, no clock."""

from collections.abc import Mapping
from enum import StrEnum

from pinakes.platform.errors import Conflict


class Kind(StrEnum):
    """What a branch is in the tree, from the root to the leaves."""

    HUB = "hub"
    PROVINCE = "province"
    CITY = "city"
    COUNTY = "county"
    POINT = "point"


class State(StrEnum):
    """Where a branch stands between asking to come and being gone."""

    REQUESTED = "requested"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    LEAVING = "leaving"
    GONE = "gone"


class Action(StrEnum):
    """What somebody does to a branch."""

    ACTIVATE = "activate"
    SUSPEND = "suspend"
    RESUME = "resume"
    LEAVE = "leave"
    CLOSE = "close"


PARENTS: Mapping[Kind, frozenset[Kind]] = {
    Kind.HUB: frozenset(),
    Kind.PROVINCE: frozenset({Kind.HUB}),
    Kind.CITY: frozenset({Kind.PROVINCE}),
    Kind.COUNTY: frozenset({Kind.PROVINCE, Kind.CITY}),  # some are governed by their province
    Kind.POINT: frozenset({Kind.HUB, Kind.PROVINCE, Kind.CITY, Kind.COUNTY}),
}

MOVES: Mapping[tuple[State, Action], State] = {
    (State.REQUESTED, Action.ACTIVATE): State.ACTIVE,
    (State.REQUESTED, Action.CLOSE): State.GONE,  # the request was withdrawn
    (State.ACTIVE, Action.SUSPEND): State.SUSPENDED,
    (State.ACTIVE, Action.LEAVE): State.LEAVING,
    (State.SUSPENDED, Action.RESUME): State.ACTIVE,
    (State.SUSPENDED, Action.LEAVE): State.LEAVING,
    (State.LEAVING, Action.RESUME): State.ACTIVE,  # it stays after all
    (State.LEAVING, Action.CLOSE): State.GONE,
}


class BranchMoveRefused(Conflict):
    code = "branch_move_refused"
    title = "This branch cannot do that now"


class ParentRefused(Conflict):
    code = "parent_refused"
    title = "This kind of branch does not stand there"


def move(state: State, action: Action) -> State:
    """The state that *action* leads to, or BranchMoveRefused."""
    if (state, action) not in MOVES:
        raise BranchMoveRefused(
            f"A branch that is {state} cannot {action}.", state=state, action=action
        )
    return MOVES[state, action]


def wishes(state: State) -> list[Action]:
    """What a person may ask for next: activating is the last step of moving in."""
    return [action for start, action in MOVES if start == state and action != Action.ACTIVATE]


def fit(kind: Kind, parent: Kind | None) -> None:
    """Raise ParentRefused unless a branch of *kind* may stand below *parent* (None: the root)."""
    fits = PARENTS[kind]
    if parent in fits if fits else parent is None:
        return
    wanted = f"stands below one of: {', '.join(sorted(fits))}" if fits else "has no parent"
    raise ParentRefused(f"A {kind} {wanted}.", kind=kind, parent=parent)
