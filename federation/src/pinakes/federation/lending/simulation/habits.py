"""What people at the branches can do, and what they do when nothing goes wrong."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from pinakes.federation.lending.model import Role
from pinakes.federation.lending.party import Party
from pinakes.federation.lending.simulation.books import here_of

if TYPE_CHECKING:
    from pinakes.federation.lending.simulation.storm import Storm


def on_the_way(storm: "Storm", party: Party) -> bool:
    copy = storm.copy(party)
    return copy is not None and copy.place == ("way", here_of(party))


def has_free(storm: "Storm", party: Party) -> bool:
    return storm.free(here_of(party), party.facts["title"]) is not None


def with_reader(storm: "Storm", party: Party) -> bool:
    copy = storm.copy(party)
    return copy is not None and copy.place == ("reader", party.pickup)


def at_desk(storm: "Storm", party: Party) -> bool:
    copy = storm.copy(party)
    return copy is not None and copy.place in {("desk", party.pickup), ("shelf", party.pickup)}


def never(_: "Storm", __: Party) -> bool:
    """An answer that comes by itself, and is nobody's to give."""
    return False


POSSIBLE: Mapping[str, Callable[["Storm", Party], bool]] = {
    "agree": has_free, "receive": on_the_way, "receive_damaged": on_the_way, "home": on_the_way,
    "home_damaged": on_the_way, "return": with_reader, "claim": with_reader,
    "lose": lambda storm, party: with_reader(storm, party) or at_desk(storm, party),
    "lend": at_desk, "send_on": at_desk, "found": never,
}  # fmt: skip

R, S, P = Role.REQUESTER, Role.SUPPLIER, Role.PICKUP
PLAIN: Mapping[tuple[Role, str], tuple[str, ...]] = {
    (R, "DUPLICATE"): ("drop",), (R, "NEEDS_REVIEW"): ("close",), (R, "WAITING"): ("cancel",),
    (R, "INVALID_PATRON"): ("look_again", "close"),
    (R, "CONDITION_PENDING"): ("accept",), (R, "RETRY_PENDING"): ("refuse_retry",),
    (S, "NEW"): ("agree", "decline"), (S, "VALIDATED"): ("agree", "decline"),
    (S, "WILL_SUPPLY"): ("ship",), (S, "CONDITION_ACCEPTED"): ("ship",),
    (S, "CANCEL_REQUESTED"): ("accept_cancel",), (S, "RENEW_REQUESTED"): ("renew_no",),
    (S, "SHIPPED"): ("home",), (S, "RECEIVED"): ("home", "release_return"),
    (S, "OVERDUE"): ("home", "release_return"), (S, "RECALLED"): ("home", "release_return"),
    (S, "SHIPPED_RETURN"): ("home",),
    (P, "ON_ITS_WAY"): ("receive",), (P, "UNWANTED"): ("receive",), (P, "RECEIVED"): ("shelve",),
    (P, "READY"): ("lend",), (P, "LENT"): ("return",), (P, "CLAIMED"): ("return",),
    (P, "RETURNED"): ("send_on",), (P, "UNCOLLECTED"): ("send_on",), (P, "DAMAGED"): ("send_on",),
}  # fmt: skip
