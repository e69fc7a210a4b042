"""The lives of a membership and of a card. Pure: no database, no clock, no network."""

from collections.abc import Mapping
from enum import StrEnum

from pinakes.platform.errors import Conflict


class State(StrEnum):
    """Where a reader's membership of one branch stands."""

    ACTIVE = "active"
    BLOCKED = "blocked"
    LEFT = "left"


class Action(StrEnum):
    """What the branch, or the reader, does to a membership."""

    BLOCK = "block"
    UNBLOCK = "unblock"
    LEAVE = "leave"
    REJOIN = "rejoin"


class CardState(StrEnum):
    """Where one card stands; only an active one lends."""

    ACTIVE = "active"
    LOST = "lost"
    REPLACED = "replaced"
    EXPIRED = "expired"


class CardAction(StrEnum):
    """What happens to one card."""

    LOSE = "lose"
    FIND = "find"
    REPLACE = "replace"
    EXPIRE = "expire"
    RENEW = "renew"


class Block(StrEnum):
    """Why a reader may not borrow; the code is all that other branches see."""

    DESK = "desk"
    FEES = "fees"
    OVERDUE = "overdue"
    DAMAGE = "damage"
    ADDRESS = "address"


class Bar(StrEnum):
    """Why else a reader may not borrow: no desk sets these, they follow from what the home is."""

    EXPIRED = "expired"
    LEFT = "left"
    HOME = "home"  # it says no, and not why
    HOME_CLOSED = "home_closed"


MOVES: Mapping[tuple[State, Action], State] = {
    (State.ACTIVE, Action.BLOCK): State.BLOCKED,
    (State.BLOCKED, Action.BLOCK): State.BLOCKED,  # for one more reason
    (State.BLOCKED, Action.UNBLOCK): State.ACTIVE,  # when the last reason is gone
    (State.ACTIVE, Action.LEAVE): State.LEFT,
    (State.BLOCKED, Action.LEAVE): State.LEFT,
    (State.LEFT, Action.REJOIN): State.ACTIVE,
}

CARD_MOVES: Mapping[tuple[CardState, CardAction], CardState] = {
    (CardState.ACTIVE, CardAction.LOSE): CardState.LOST,
    (CardState.LOST, CardAction.FIND): CardState.ACTIVE,
    (CardState.ACTIVE, CardAction.REPLACE): CardState.REPLACED,
    (CardState.LOST, CardAction.REPLACE): CardState.REPLACED,
    (CardState.ACTIVE, CardAction.EXPIRE): CardState.EXPIRED,
    (CardState.EXPIRED, CardAction.RENEW): CardState.ACTIVE,
}


class ReaderMoveRefused(Conflict):
    code = "reader_move_refused"
    title = "This reader cannot do that now"


class CardMoveRefused(Conflict):
    code = "card_move_refused"
    title = "This card cannot do that now"


def move(state: State, action: Action) -> State:
    """The state that *action* leads to, or ReaderMoveRefused."""
    if (state, action) not in MOVES:
        raise ReaderMoveRefused(f"A reader who is {state} cannot {action}.", state=state)
    return MOVES[state, action]


def move_card(state: CardState, action: CardAction) -> CardState:
    """The state that *action* leads to, or CardMoveRefused."""
    if (state, action) not in CARD_MOVES:
        raise CardMoveRefused(f"A card that is {state} cannot {action}.", state=state)
    return CARD_MOVES[state, action]
