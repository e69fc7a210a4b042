"""The life of a loan. Pure: no database, no clock, no network."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from pinakes.platform.errors import Conflict


class State(StrEnum):
    """Where a loan stands."""

    OPEN = "open"
    RETURNED = "returned"
    LOST = "lost"
    CLAIMED = "claimed"  # its reader says that it was given back, and it is looked for


class Action(StrEnum):
    """What happens to a loan."""

    RENEW = "renew"
    RETURN = "return"
    LOSE = "lose"
    CLAIM = "claim"


MOVES: Mapping[tuple[State, Action], State] = {
    (State.OPEN, Action.RENEW): State.OPEN,
    (State.OPEN, Action.RETURN): State.RETURNED,
    (State.OPEN, Action.LOSE): State.LOST,
    (State.OPEN, Action.CLAIM): State.CLAIMED,
    (State.RETURNED, Action.RETURN): State.RETURNED,  # a second scan changes nothing
    (State.LOST, Action.RETURN): State.LOST,  # its book was found and is on the shelf
    (State.CLAIMED, Action.RETURN): State.CLAIMED,
}


class LoanMoveRefused(Conflict):
    code = "loan_move_refused"
    title = "This loan cannot do that now"


def move(state: State, action: Action) -> State:
    """The state that *action* leads to, or LoanMoveRefused."""
    if (state, action) not in MOVES:
        raise LoanMoveRefused(f"A loan that is {state} cannot {action}.", state=state)
    return MOVES[state, action]


def state_of(returned_at: datetime | None, outcome: str | None = None) -> State:
    """A loan is open until its item is back, or nobody waits for it any longer."""
    return State.OPEN if returned_at is None else State(outcome or State.RETURNED)
