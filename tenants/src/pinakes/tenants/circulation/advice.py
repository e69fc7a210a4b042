"""What the desk is told to do when something is refused, and what its codes mean in words."""

from pinakes.platform.errors import Problem
from pinakes.platform.language import later
from pinakes.tenants.items.machine import Status

KINDS = {
    "adult": later("Adult"),
    "child": later("Child"),
    "youth": later("Young reader"),
    "senior": later("Senior"),
    "student": later("Student"),
    "staff": later("Library staff"),
}
BLOCKS = {
    "desk": later("Set by a desk: ask there"),
    "fees": later("Fees are open"),
    "overdue": later("Items are overdue"),
    "damage": later("A damage is to be settled"),
    "address": later("The address is to be checked"),
    "expired": later("The membership has ended: the home library can extend it"),
    "left": later("The reader has left the home library"),
    "home": later("The home library does not let this reader borrow at present"),
}
ADVICE = {
    "card_unknown": later("Scan again, or type the number. Is it a card of one of our libraries?"),
    "card_malformed": later("Scan again, or type the number by hand."),
    "card_not_valid": later("Ask for the reader's new card, or give out a new one."),
    "reader_expired": later("The reader's home library can extend the membership."),
    "reader_blocked": later("The reasons stand beside the name. Who set them can lift them."),
    "no_such_item": later(
        "Scan again, or type the barcode. "
        "A book of another library: scan it under “Between libraries”."
    ),
    "item_not_available": later("If you hold it in your hand: take it back first, then lend it."),
    "item_not_for_loan": later("It may be read in the house. A rule of the branch says so."),
    "item_not_lent": later(
        "Put it on the shelf. If it is another library's, scan it under “Between libraries”."
    ),
    "loan_of_request": later(
        "It was lent for a request. Once overdue it stands under “Between libraries”: end it there."
    ),
    "loan_move_refused": later("It is over already, and nothing has changed."),
    "limit_of_kind_reached": later("One of this kind has to come back first."),
    "limit_here_reached": later("Something borrowed here has to come back first."),
    "limit_everywhere_reached": later("Something has to come back first, at any library."),
    "renewals_used_up": later("It has to come back. Then it may be lent again."),
    "renewal_too_early": later("Renew it nearer to its due date."),
    "too_many_misses": later("Wait a minute, then scan again."),
    "changed_meanwhile": later("Scan again."),
    "unavailable": later("Wait a moment, then scan again. Nothing was lent or returned."),
}
FOUND = later("It was given up. Scan it under “Between libraries”: then it is on the shelf again.")
GIVEN_UP = {Status.LOST, Status.MISSING}
ABOUT_ITEM = {"item_not_lent", "item_not_available"}
OTHERWISE = later("Scan again. If it is refused again, tell the administrator the code.")


def advice(problem: Problem) -> str:
    """What to do about a refusal."""
    if problem.code in ABOUT_ITEM and problem.facts.get("item_status") in GIVEN_UP:
        return FOUND
    return ADVICE.get(problem.code, OTHERWISE)
