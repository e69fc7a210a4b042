"""The life of a notice. Pure: no database, no clock, no network."""

from collections.abc import Mapping
from enum import StrEnum

from pinakes.platform.errors import Conflict


class Channel(StrEnum):
    """By which way a notice goes."""

    EMAIL = "email"
    WEBHOOK = "webhook"


class State(StrEnum):
    """Where a notice stands."""

    WAITING = "waiting"
    SENDING = "sending"  # written down before the first word is sent
    SENT = "sent"
    FAILED = "failed"
    UNSURE = "unsure"  # it may have gone: nothing but a person sends it again
    DISMISSED = "dismissed"


class Action(StrEnum):
    """What happens to a notice, by itself or by hand."""

    BEGIN = "begin"
    DELIVER = "deliver"
    PUT_OFF = "put_off"
    GIVE_UP = "give_up"
    DOUBT = "doubt"
    RETRY = "retry"
    DISMISS = "dismiss"


BY_HAND = (Action.RETRY, Action.DISMISS)
ENDS = frozenset({State.SENT, State.FAILED, State.UNSURE, State.DISMISSED})  # by itself no further

MOVES: Mapping[tuple[State, Action], State] = {
    (State.WAITING, Action.BEGIN): State.SENDING,
    (State.WAITING, Action.PUT_OFF): State.WAITING,  # there is no mail server
    (State.WAITING, Action.GIVE_UP): State.FAILED,  # too old, or nobody to send it to
    (State.SENDING, Action.DELIVER): State.SENT,
    (State.SENDING, Action.PUT_OFF): State.WAITING,
    (State.SENDING, Action.GIVE_UP): State.FAILED,
    (State.SENDING, Action.DOUBT): State.UNSURE,
    (State.UNSURE, Action.DELIVER): State.SENT,  # whoever was sending it was only slow
    (State.UNSURE, Action.RETRY): State.WAITING,
    (State.FAILED, Action.RETRY): State.WAITING,
    (State.UNSURE, Action.DISMISS): State.DISMISSED,
    (State.FAILED, Action.DISMISS): State.DISMISSED,
    (State.WAITING, Action.DISMISS): State.DISMISSED,
}


class NoticeMoveRefused(Conflict):
    code = "notice_move_refused"
    title = "This notice cannot do that now"


def move(state: State, action: Action) -> State:
    """The state that *action* leads to, or NoticeMoveRefused."""
    after = MOVES.get((state, action))
    if after is None:
        raise NoticeMoveRefused(f"A notice that is {state} cannot {action}.", state=state)
    return after


def by_hand(state: State) -> list[Action]:
    """What a person may do with it now."""
    return [action for action in BY_HAND if (state, action) in MOVES]
