"""Which act takes which fields, and which of them follows so much that it is asked once more. Pure.

An act that stands in no table here takes nothing and is a plain button.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from pinakes.platform.errors import BadRequest
from pinakes.platform.language import later

FIELDS: Mapping[str, tuple[str, ...]] = {  # of ``schemas.Doing``, in the order of the form
    "write": ("note",),
    "condition": ("condition", "in_house", "note"),
    "decline": ("reason", "note"),
    "offer_retry": ("reason", "note"),
    "expect": ("note",),
    "ship": ("parcel", "days", "note"),
    "recall": ("days", "note"),
    "renew_yes": ("days",),
    "renew_no": ("reason",),
    "refuse_cancel": ("reason",),
    "hold_return": ("note",),
    "forward": ("note",),
    "receive_damaged": ("damage",),
    "send_on": ("parcel",),
    "lose": ("payer", "note"),
    "write_off": ("payer",),
}
NEEDS: Mapping[str, str] = {"describe": "edition", "condition": "condition", "write": "note"}
WARNINGS: Mapping[str, str] = {  # what it is for, or what follows of what cannot be taken back
    "cancel": later("The request ends; a book that is under way goes home."),
    "close": later("It is closed for good."),
    "drop": later("This request ends; the other one for the same title goes on."),
    "found": later("The book has turned up at a library that has no part in this request."),
    "lose": later("The book counts as lost, and its owner is told."),
    "miss": later("The copy counts as missing, and another library is asked."),
    "write_off": later("The book counts as lost, and somebody has to pay for it."),
}
# To choose among, most of them codes of ISO 18626; other words go into the note, if there is one.
REASONS: Mapping[str, tuple[str, ...]] = {
    "decline": (
        "NotCurrentAvailableForILL", "NotOnShelf", "OthersWait", "NonCirculating", "NotHeld",
        "PoorCondition", "PolicyProblem", "SeeNote",
    ),
    "offer_retry": (
        "NotCurrentAvailableForILL", "NotOnShelf", "OnLoan", "OnOrder", "AtBindery",
        "MultiVolAvail", "NotFoundAsCited", "ReqEditionNotPossible", "ReqDelDateNotPossible",
        "SeeNote",
    ),
    "renew_no": ("OthersWait", "RenewalsUsedUp"),
    "refuse_cancel": ("Packed", "HandedOver"),
}  # fmt: skip
SAME: Mapping[str, frozenset[str]] = {  # what a page leaves out beside what says it better
    "drop": frozenset({"cancel", "close"}),
}
ON_ITS_PAGE = frozenset({"decline"})  # a list leads to its form
# what a list leaves to the page of the request
SELDOM = frozenset({
    "cancel", "renew", "describe", "expect", "condition", "offer_retry", "hold_return",
    "release_return", "forward", "found", "ask_status", "write",
})  # fmt: skip
PACKED = frozenset({"ship", "send_on"})  # what goes into a parcel
AT_THE_DESK = frozenset({"lend", "return"})  # with a card, or as a return: a loan hangs on them
FORMS_OF_THEIR_OWN = frozenset({"write", "describe"})


class EditionMissing(BadRequest):
    code = "edition_missing"
    title = "Say which title of the catalogue is meant"


class NothingWritten(BadRequest):
    code = "nothing_written"
    title = "There is nothing in this note"


class ConditionMissing(BadRequest):
    code = "condition_missing"
    title = "Say what the condition is"


class ReasonUnknown(BadRequest):
    code = "reason_unknown"
    title = "Nobody knows this reason"


MISSING: Mapping[str, tuple[type[BadRequest], str]] = {
    "edition": (EditionMissing, "Send `edition`, the id of a title."),
    "note": (NothingWritten, later("Write what the other library should know.")),
    "condition": (ConditionMissing, later("The other library reads it, and accepts or refuses.")),
}


class Offered(NamedTuple):
    """What a party may do, by how a page offers it."""

    buttons: list[str]
    asked: list[str]  # fields, or once more
    at_the_desk: list[str]
    on_its_page: Sequence[str] = ()  # in a form that stands on the page of the request

    @classmethod
    def to(cls, acts: Collection[str]) -> "Offered":
        """On the page of the request: all of them, each once."""
        known = [act for act in plain(acts) if act not in FORMS_OF_THEIR_OWN]
        asked = [act for act in known if act in FIELDS or act in WARNINGS]
        buttons = [act for act in known if act not in {*asked, *AT_THE_DESK}]
        return cls(buttons, asked, [act for act in known if act in AT_THE_DESK])

    @classmethod
    def on_a_list(cls, acts: Collection[str]) -> "Offered":
        """Where many parties stand one below the other: what is done often, without fields."""
        often = [act for act in plain(acts) if act not in SELDOM | AT_THE_DESK]
        asked = [act for act in often if act in WARNINGS]
        led = [act for act in often if act in ON_ITS_PAGE]
        return cls([act for act in often if act not in {*asked, *led}], asked, [], led)


def plain(acts: Collection[str]) -> list[str]:
    """Without those that would do the same as another of them."""
    same = {one for act in acts for one in SAME.get(act, ())}
    return [act for act in acts if act not in same]


def worded(on: str, facts: Mapping[str, Any]) -> dict[str, Any]:
    """What is told with an act, as the party keeps it: the way home has a parcel of its own."""
    told = dict(facts)
    if on == "send_on":
        told["parcel_home"] = told.pop("parcel", None)
    return told


def refuse_unfit(on: str, facts: Mapping[str, Any]) -> None:
    """Refuse an act without the field that it needs, or with a reason that is none of its list."""
    field = NEEDS.get(on)
    if field and not str(facts.get(field) or "").strip():
        problem, advice = MISSING[field]
        raise problem(advice, missing=field)
    known, reason = REASONS.get(on), facts.get("reason")
    if known and reason and reason not in known:
        advice = later("Choose one of the list; other words go into a note.")
        raise ReasonUnknown(advice, reasons=list(known))
