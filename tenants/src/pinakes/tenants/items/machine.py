"""The life of an item. Pure: no database, no clock, no network."""

from collections.abc import Mapping
from enum import StrEnum

from pinakes.platform.errors import Conflict


class Status(StrEnum):
    """Where an item is."""

    ON_SHELF = "on_shelf"
    LENT = "lent"
    HELD = "held"  # kept for a request: on its way off the shelf, or waiting for its reader
    OUT = "out"  # with another branch
    PROCESSING = "processing"
    MISSING = "missing"
    LOST = "lost"
    DAMAGED = "damaged"
    WITHDRAWN = "withdrawn"


class Action(StrEnum):
    """What somebody does with an item; only circulation lends and takes back.

    What is lent, held or out moves by its loan or its request alone.
    """

    LEND = "lend"
    TAKE_BACK = "take_back"
    SHELVE = "shelve"
    PROCESS = "process"
    MISS = "miss"
    LOSE = "lose"
    DAMAGE = "damage"
    WITHDRAW = "withdraw"
    HOLD = "hold"
    RELEASE = "release"
    LEAVE = "leave"
    COME_HOME = "come_home"
    SEND_ON = "send_on"
    KEEP = "keep"


MOVES: Mapping[tuple[Status, Action], Status] = {
    (Status.ON_SHELF, Action.LEND): Status.LENT,
    (Status.LENT, Action.TAKE_BACK): Status.ON_SHELF,
    (Status.ON_SHELF, Action.PROCESS): Status.PROCESSING,
    (Status.ON_SHELF, Action.MISS): Status.MISSING,
    (Status.ON_SHELF, Action.LOSE): Status.LOST,
    (Status.ON_SHELF, Action.DAMAGE): Status.DAMAGED,
    (Status.ON_SHELF, Action.WITHDRAW): Status.WITHDRAWN,
    (Status.PROCESSING, Action.SHELVE): Status.ON_SHELF,
    (Status.PROCESSING, Action.MISS): Status.MISSING,
    (Status.PROCESSING, Action.DAMAGE): Status.DAMAGED,
    (Status.PROCESSING, Action.WITHDRAW): Status.WITHDRAWN,
    (Status.MISSING, Action.SHELVE): Status.ON_SHELF,
    (Status.MISSING, Action.LOSE): Status.LOST,
    (Status.MISSING, Action.WITHDRAW): Status.WITHDRAWN,
    (Status.LOST, Action.SHELVE): Status.ON_SHELF,
    (Status.LOST, Action.PROCESS): Status.PROCESSING,
    (Status.LOST, Action.LEAVE): Status.OUT,  # found elsewhere after all
    (Status.LOST, Action.DAMAGE): Status.DAMAGED,  # it comes home after all, and how
    (Status.LOST, Action.WITHDRAW): Status.WITHDRAWN,
    (Status.DAMAGED, Action.SHELVE): Status.ON_SHELF,
    (Status.DAMAGED, Action.PROCESS): Status.PROCESSING,
    (Status.DAMAGED, Action.WITHDRAW): Status.WITHDRAWN,
    (Status.WITHDRAWN, Action.PROCESS): Status.PROCESSING,  # a book may come back into stock
    (Status.ON_SHELF, Action.HOLD): Status.HELD,
    (Status.PROCESSING, Action.HOLD): Status.HELD,  # a guest, for its reader
    (Status.HELD, Action.RELEASE): Status.ON_SHELF,
    (Status.HELD, Action.MISS): Status.MISSING,
    (Status.HELD, Action.LEAVE): Status.OUT,
    (Status.HELD, Action.LEND): Status.LENT,
    (Status.LENT, Action.HOLD): Status.HELD,  # a guest that its reader has brought back
    (Status.LENT, Action.LEAVE): Status.OUT,  # given back elsewhere
    (Status.LENT, Action.SEND_ON): Status.WITHDRAWN,  # a guest whose loan ended elsewhere
    (Status.LENT, Action.LOSE): Status.LOST,
    (Status.LENT, Action.MISS): Status.MISSING,  # its reader says that it was given back
    (Status.OUT, Action.COME_HOME): Status.ON_SHELF,
    (Status.OUT, Action.MISS): Status.MISSING,
    (Status.OUT, Action.DAMAGE): Status.DAMAGED,
    (Status.OUT, Action.LOSE): Status.LOST,
    (Status.OUT, Action.SEND_ON): Status.WITHDRAWN,  # it stays at another branch
    (Status.HELD, Action.SEND_ON): Status.WITHDRAWN,  # a guest goes
    (Status.WITHDRAWN, Action.KEEP): Status.ON_SHELF,  # a guest becomes ours
}
AT_THE_DESK = frozenset(
    {
        Action.SHELVE, Action.PROCESS, Action.MISS, Action.LOSE, Action.DAMAGE, Action.WITHDRAW,
    }
)  # fmt: skip
BOUND = frozenset({Status.LENT, Status.HELD, Status.OUT})  # to a loan or a request


class ItemMoveRefused(Conflict):
    code = "item_move_refused"
    title = "This item cannot do that now"


def move(status: Status, action: Action) -> Status:
    """The status that *action* leads to, or ItemMoveRefused."""
    if (status, action) not in MOVES:
        raise ItemMoveRefused(
            f"An item that is {status} cannot {action}.", item_status=status, action=action
        )
    return MOVES[status, action]


def actions(status: Status) -> list[Action]:
    """What the staff may do next."""
    if status in BOUND:
        return []
    return [action for start, action in MOVES if start == status and action in AT_THE_DESK]
