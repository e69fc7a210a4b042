"""What a desk does with a piece that an import has set aside. Pure."""

from collections.abc import Mapping
from enum import StrEnum

from pinakes.platform.errors import Conflict
from pinakes.platform.language import later


class PieceState(StrEnum):
    """Whether a piece still waits for somebody."""

    WAITING = "waiting"
    MENDED = "mended"  # it is a record now
    DISCARDED = "discarded"  # nobody wants it; its bytes are kept all the same


class Action(StrEnum):
    """What somebody does with it."""

    MEND = "mend"
    DISCARD = "discard"


MOVES: Mapping[tuple[PieceState, Action], PieceState] = {
    (PieceState.WAITING, Action.MEND): PieceState.MENDED,
    (PieceState.WAITING, Action.DISCARD): PieceState.DISCARDED,
    (PieceState.DISCARDED, Action.MEND): PieceState.MENDED,
    (PieceState.DISCARDED, Action.DISCARD): PieceState.DISCARDED,  # twice is once
}


class MendedAlready(Conflict):
    code = "mended_already"
    title = "This piece has been mended already"


def move(state: PieceState, action: Action) -> PieceState:
    """The state that *action* leads to, or MendedAlready: a record is no piece any more."""
    if (state, action) not in MOVES:
        raise MendedAlready(later("It is a record now; change that instead."))
    return MOVES[state, action]
