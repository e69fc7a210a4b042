"""What has happened to a request, in words: for the page that tells all of it."""

from collections.abc import Mapping
from typing import Any, cast

from pinakes.platform.language import later

PARTIES = {  # what this branch is in it
    "requester": later("For a reader of this library"),
    "supplier": later("This library lends it"),
    "pickup": later("It is collected at this library"),
}
STEPS = {  # what was done here, or heard of another branch: see ``states/``
    "valid": later("It was asked for"),
    "invalid": later("The reader may not borrow at present"),
    "duplicate": later("The reader had asked for the same title before"),
    "unknown_title": later("The title had to be found first"),
    "keep": later("It was kept beside the other request"),
    "drop": later("It was closed: the other request goes on"),
    "describe": later("The title was found"),
    "chosen": later("A library was chosen and asked"),
    "nobody": later("Nobody could supply it: it went into the queue"),
    "aged": later("Its last day had passed"),
    "unanswered": later("The answer did not come in time"),
    "undecided": later("Nobody decided in time"),
    "unreviewed": later("Nobody found out in time what is meant"),
    "look_again": later("The reader's standing was looked at again"),
    "unshipped": later("It was not sent in time"),
    "cancel": later("It was cancelled"),
    "close": later("It was closed by hand"),
    "RequestReceived": later("The other library has the request"),
    "ExpectToSupply": later("The other library will look for it"),
    "WillSupply": later("The other library will send it"),
    "Conditional": later("The other library named a condition"),
    "accept": later("The condition was accepted"),
    "refuse": later("The condition was refused"),
    "ConditionAccepted": later("The condition was accepted"),
    "Unfilled": later("The other library cannot supply it"),
    "RetryPossible": later("The other library offered to try again"),
    "accept_retry": later("It is tried again"),
    "refuse_retry": later("Another library is asked"),
    "CancelYes": later("The other library agreed to cancel"),
    "CancelNo": later("The other library could not cancel any more"),
    "CopyCompleted": later("A copy was sent, to be kept"),
    "Loaned": later("It was sent"),
    "Arrived": later("It arrived where it is collected"),
    "Ready": later("It was put on the hold shelf"),
    "Taken": later("The reader took it along"),
    "Uncollected": later("Nobody collected it"),
    "NeverArrived": later("It never arrived"),
    "Damaged": later("It arrived damaged"),
    "Gone": later("It was lost"),
    "GivenBack": later("The reader gave it back"),
    "SentOn": later("It was sent home"),
    "ReturnSeen": later("It was seen at its own library"),
    "LoanCompleted": later("It is home again"),
    "CompletedWithoutReturn": later("Its owner closed it as lost"),
    "renew": later("More time was asked for"),
    "RenewYes": later("More time was given"),
    "RenewNo": later("More time was refused"),
    "Overdue": later("It should have been back"),
    "overdue": later("It should have been back"),
    "LateNow": later("It should have been back"),
    "late": later("The reader should have given it back"),
    "Recalled": later("Its owner wants it back"),
    "Recall": later("Its owner wants it back"),
    "recall": later("It was wanted back"),
    "Prolong": later("More time was given"),
    "HoldReturn": later("Its owner asked to wait with sending it home"),
    "Hold": later("Its owner asked to wait with sending it home"),
    "hold_return": later("They were asked to wait with sending it home"),
    "ReleaseHoldReturn": later("It may be sent home now"),
    "Release": later("It may be sent home now"),
    "release_return": later("It may be sent home now"),
    "forward": later("It was sent on to its owner"),
    "ask_status": later("The other library was asked how it stands"),
    "StatusRequest": later("The other library asked how it stands"),
    "write": later("A note was written to the other library"),
    "Notification": later("A note came from the other library"),
    "PickupNotification": later("A note came from the other library"),
    "Request": later("The request came in"),
    "expect": later("It waits for an answer by hand"),
    "agree": later("It was promised"),
    "condition": later("A condition was named"),
    "decline": later("It was declined"),
    "offer_retry": later("Another try was offered"),
    "Cancel": later("They want to cancel"),
    "pull": later("It was taken from the shelf"),
    "miss": later("It was not on the shelf"),
    "ship": later("It was sent"),
    "accept_cancel": later("The cancelling was agreed to"),
    "refuse_cancel": later("It was too late to cancel"),
    "Received": later("It arrived where it is collected"),
    "Renew": later("More time was asked for"),
    "renew_yes": later("More time was given"),
    "renew_no": later("More time was refused"),
    "ShippedReturn": later("It was sent home"),
    "ShippedForward": later("It was sent on to its owner"),
    "found": later("It was found on the way home"),
    "passed_on": later("It went straight to its next reader"),
    "home": later("It is home again"),
    "home_damaged": later("It is home, damaged"),
    "Lost": later("It was lost"),
    "never_home": later("It never came home"),
    "write_off": later("It was written off"),
    "settle": later("The loss was settled"),
    "Expect": later("A book was promised to come here"),
    "Coming": later("It was sent here"),
    "Unwanted": later("It comes, but nobody wants it any more"),
    "Withdraw": later("It is no longer wanted"),
    "receive": later("It has arrived"),
    "receive_damaged": later("It has arrived damaged"),
    "never_arrived": later("It never arrived"),
    "shelve": later("It was put on the hold shelf"),
    "lend": later("It was lent to the reader"),
    "return": later("The reader gave it back"),
    "uncollected": later("Nobody collected it"),
    "lose": later("It was lost"),
    "claim": later("The reader says it is back"),
    "claim_over": later("It was searched for long enough"),
    "Close": later("It was closed: the book is home"),
    "WriteOff": later("It was written off"),
    "send_on": later("It was sent home"),
    "Done": later("It is home again"),
    "suspend": later("Others were let go first"),
    "resume": later("It waits on"),
    "disagreement": later("The libraries disagreed about it"),
    "repair": later("The libraries were asked to say again how it stands"),
    "say_again": later("It was said again how it stands"),
    "agreement": later("The libraries agree again"),
    "set_right": later("It was set right by hand"),
}
OUT = {  # why a branch was not asked: see ``holds.choosing.ranking``
    "refused_before": later("asked before"),
    "no_copy_left": later("no copy is free"),
    "new_item": later("new books stay at home for now"),
    "paused": later("lends nothing at present"),
    "closed_for_long": later("closed for long"),
    "cap_reached": later("enough asked for today"),
    "outside_group": later("outside the group"),
    "too_dear": later("too dear"),
    "too_late": later("too late for the reader"),
}
DECIDED = {  # why one branch went before the others
    "only_one": later("There was no other"),
    "last_resort": later("The others are asked last"),
    "own": later("Its own copy, or one where it is collected"),
    "province": later("In the same province"),
    "group": later("In the same group"),
    "days": later("It is there soonest"),
    "balance": later("It has lent less than the others"),
    "load": later("It has less under way"),
    "distance": later("It is nearer"),
    "cost": later("It is cheaper"),
    "lot": later("Drawn by lot: all the rest was equal"),
    "first_in_line": later("It was first in the queue"),
    "nobody": later("Nobody could supply it"),
    "others_wait": later("Others wait for the title already"),
    "another_item": later("Those before it wait for another copy"),
    "refused_before": later("Those before it were refused by this library"),
    "new_item": later("A new book: the library's own readers go first"),
    "local_first": later("The library's own readers go first for a while"),
    "next_hold": later("It was given back, and came to the next reader"),
    "next_hold_here": later("It was given back, and came to the next reader"),
}
REASONS = {  # given by a branch itself, or chosen at a desk; others are said as they came
    "NotCurrentAvailableForILL": later("No copy is free to lend"),
    "NotOnShelf": later("Not on the shelf"),
    "OthersWait": later("Others wait for it"),
    "RenewalsUsedUp": later("It has been given more time often enough"),
    "SeeNote": later("Another reason: see the note"),
}
NEAR = {  # as the figures count it
    0: later("here, or where it is collected"),
    1: later("in the same city"),
    2: later("in the same province"),
    3: later("further away"),
}
FIGURES = {
    "available": later("free copies: %(num)s"),
    "days": later("days until it is there: %(num)s"),
    "km": later("km: %(num)s"),
    "open": later("on their way or promised: %(num)s"),
    "asked": later("asked today: %(num)s"),
    "daily_cap": later("most that may be asked a day: %(num)s"),
    "balance": later("lent less borrowed: %(num)s"),
    "cost": later("cost: %(num)s"),
    "fresh": later("of the copies new, for its own readers: %(num)s"),
    "closed_days": later("days until it opens: %(num)s"),
    "ahead": later("passed over in the queue: %(num)s"),
    "waited": later("days in the queue: %(num)s"),
}
UNLESS = {"fresh", "closed_days"}  # nothing of these is told by silence
GROUPS = later("groups in common: %(names)s")
SO = {  # what is said where it is so
    "paused": later("lends nothing at present"),
    "last_resort": later("asked last of all"),
}
LONG_CLOSED = later("closed for more than a month")


def said(figures: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    """What a choice knew of a branch, in words with what is put into them; else is left out."""
    near, groups = figures.get("near"), figures.get("groups")
    told: list[tuple[str, Mapping[str, Any]]] = []
    if isinstance(near, int) and near in NEAR:
        told.append((NEAR[near], {}))
    if isinstance(groups, list) and groups:
        names = ", ".join(map(str, cast("list[object]", groups)))
        told.append((GROUPS, {"names": names}))
    for name, words in FIGURES.items():
        figure = figures.get(name)
        if isinstance(figure, int | float) and (figure or name not in UNLESS):
            told.append((words, {"num": figure}))
    told += [(words, {}) for name, words in SO.items() if figures.get(name) is True]
    if figures.get("closed_days", 0) is None:
        told.append((LONG_CLOSED, {}))
    return told
