"""Who may reserve what, who gets a copy, where a returned item goes; each by a named rule."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Literal

from pinakes.platform.errors import Conflict
from pinakes.tenants.registry.sharing import HoldRule, Recall

ANY: Final = "*"
FIRST_IN_LINE: Final = "first_in_line"
LOCAL_FIRST: Final = "local_first"
SURELY: Mapping[str, int] = {"child": 0, "youth": 14}  # years old, where no birthday is known
GROWN: Final = 150  # all others pass for

type Reach = Literal["home", "province", "elsewhere"]
REACHES: Mapping[str, Sequence[Reach]] = {  # the setting hold.pickup
    "home": ("home",),
    "province": ("home", "province"),
    "anywhere": ("home", "province", "elsewhere"),
}


@dataclass(frozen=True, kw_only=True)
class Facts:
    """All that is asked about one reader, one kind of item and one place of pickup."""

    reader_kind: str = "adult"
    age: int | None = None  # in years; none: not known
    blocks: Sequence[str] = ()
    item_kind: str = "book"
    rules: Sequence[HoldRule] = (HoldRule(),)
    holds: int = 0  # that the reader has
    holds_of_kind: int = 0
    most: int = 10
    has_it: bool = False  # waits for the same title already, or has it at home
    sure: bool = False  # was told so, and wants it all the same
    pickup: Reach = "home"
    pickups: str = "anywhere"  # the setting hold.pickup of the home branch
    pickup_open: bool = True

    @cached_property
    def rule(self) -> HoldRule:
        """The rule that fits best: an item's kind tells more than a reader's, any is the last."""
        fitting = [
            rule
            for rule in self.rules
            if rule.item in (self.item_kind, ANY) and rule.reader in (self.reader_kind, ANY)
        ]
        none = HoldRule(holds=False)
        return max(fitting, key=lambda rule: (rule.item != ANY, rule.reader != ANY), default=none)

    @property
    def years(self) -> int:
        """How old the reader counts as."""
        return SURELY.get(self.reader_kind, GROWN) if self.age is None else self.age

    @property
    def under_rule(self) -> int:
        return self.holds if self.rule.item == ANY else self.holds_of_kind


class HoldRefused(Conflict):
    """A rule said no; its name is the code."""

    code = "hold_refused"
    title = "This cannot be reserved"


class ReaderLapsed(HoldRefused):
    code = "hold_reader_expired"
    title = "The reader's membership has ended"


class ReaderBarred(HoldRefused):
    code = "hold_reader_blocked"
    title = "The reader may not reserve at present"


class NotForHold(HoldRefused):
    code = "hold_not_for_this_kind"
    title = "Readers of this kind do not reserve items of this kind"


class TooYoung(HoldRefused):
    code = "hold_too_young"
    title = "The reader is too young for items of this kind"


class HasItAlready(HoldRefused):
    code = "hold_has_it_already"
    title = "The reader has this title, or waits for it already"


class LimitOfKind(HoldRefused):
    code = "hold_limit_of_kind"
    title = "The reader has as many reservations of this kind as the rule allows"


class LimitOfHolds(HoldRefused):
    code = "hold_limit"
    title = "The reader has as many reservations as the home branch allows"


class PickupClosed(HoldRefused):
    code = "hold_pickup_closed"
    title = "The place of pickup takes no reservations at present"


class PickupTooFar(HoldRefused):
    code = "hold_pickup_too_far"
    title = "Readers of this branch do not pick up there"


PLACING: Mapping[type[HoldRefused], Callable[[Facts], bool]] = {  # the first that holds refuses
    ReaderLapsed: lambda facts: "expired" in facts.blocks,
    ReaderBarred: lambda facts: bool(facts.blocks),
    NotForHold: lambda facts: not facts.rule.holds,
    TooYoung: lambda facts: facts.years < facts.rule.least_age,
    HasItAlready: lambda facts: facts.has_it and not facts.sure,
    LimitOfKind: lambda facts: (
        facts.rule.limit is not None and facts.under_rule >= facts.rule.limit
    ),
    LimitOfHolds: lambda facts: facts.holds >= facts.most,
    PickupClosed: lambda facts: not facts.pickup_open,
    PickupTooFar: lambda facts: facts.pickup not in REACHES[facts.pickups],
}


def judge(facts: Facts) -> str:
    """The name of the rule that allows it, such as ``child/book``; or the first refusal."""
    refused = refusal(facts)
    if refused is not None:
        raise refused(f"{refused.title}.", **reasons(facts))
    return name(facts.rule)


def refusal(facts: Facts) -> type[HoldRefused] | None:
    """The first that refuses it."""
    return next((refused for refused, holds in PLACING.items() if holds(facts)), None)


def name(rule: HoldRule) -> str:
    return f"{rule.reader}/{rule.item}"


def reasons(facts: Facts) -> dict[str, Any]:
    """What a person needs to understand a refusal."""
    return {
        "rule": name(facts.rule),
        "blocks": list(facts.blocks),
        "holds": facts.holds,
        "limit": facts.rule.limit,
        "most": facts.most,
    }


@dataclass(frozen=True, kw_only=True)
class Meeting:
    """A free copy, and a reservation that could have it."""

    other_item: bool = False  # the reservation is for one item, and not for this
    refused: bool = False  # this branch has refused this reservation before
    too_late: bool = False  # it would come after the day until which it is needed
    own_reader: bool = True  # of the branch whose copy it is
    new_days: int = 0  # that a new item serves its own branch alone
    days_old: int = 1000  # of the oldest copy that is free
    waited: float = 0  # days
    local_waited: float | None = None  # of the first own reader in the queue
    local_days: int = 0  # that own readers go before others


SERVING: Mapping[str, Callable[[Meeting], bool]] = {  # the first that holds keeps it from this one
    "another_item": lambda met: met.other_item,
    "refused_before": lambda met: met.refused,
    "too_late": lambda met: met.too_late and not met.own_reader,
    "new_item": lambda met: not met.own_reader and met.days_old < met.new_days,
    LOCAL_FIRST: lambda met: (
        not met.own_reader
        and met.local_waited is not None
        and met.local_waited + met.local_days > met.waited
    ),
}


def serve(met: Meeting) -> tuple[bool, str]:
    """Whether the copy is for this reservation, and by which rule (it is the oldest that asks)."""
    against = next((rule for rule, holds in SERVING.items() if holds(met)), None)
    return (False, against) if against else (True, FIRST_IN_LINE)


@dataclass(frozen=True, kw_only=True)
class Returned:
    """An item in the hands of a desk; branches are numbers."""

    here: int
    owner: int | None  # none: nobody knows the item
    owner_open: bool = True
    damaged: bool = False
    wanted_at: int | None = None  # where the next reservation is picked up
    floats: bool = False  # the owner lets items of this kind stay where they are returned
    copies_here: int = 0  # of the title, in this branch, without this one
    most_here: int = 2  # that a branch keeps of a floating title


@dataclass(frozen=True, slots=True)
class Route:
    """Where it goes; None: it stays in hand until somebody has found out."""

    rule: str
    to: int | None


ROUTES: Mapping[str, tuple[Callable[[Returned], bool], Callable[[Returned], int | None]]] = {
    "unknown_item": (lambda item: item.owner is None, lambda _: None),
    "damaged_stays_home": (
        lambda item: item.damaged and item.owner == item.here,
        lambda item: item.here,
    ),
    "damaged_goes_home": (lambda item: item.damaged and item.owner_open, lambda item: item.owner),
    "damaged_and_homeless": (lambda item: item.damaged, lambda _: None),
    "next_hold_here": (lambda item: item.wanted_at == item.here, lambda item: item.here),
    "next_hold": (lambda item: item.wanted_at is not None, lambda item: item.wanted_at),
    "at_home": (lambda item: item.owner == item.here, lambda item: item.here),
    "home_is_closed": (lambda item: not item.owner_open, lambda item: item.here),
    "floats": (
        lambda item: item.floats and item.copies_here < item.most_here,
        lambda item: item.here,
    ),
    "floats_but_enough_here": (lambda item: item.floats, lambda item: item.owner),
    "goes_home": (lambda _: True, lambda item: item.owner),
}


def route(item: Returned) -> Route:
    """Where an item goes that has been returned *here*: the first rule that fits."""
    rule, (_, to) = next(entry for entry in ROUTES.items() if entry[1][0](item))
    return Route(rule, to(item))


def recall(rule: Recall, waiting: int, kept_days: int) -> int | None:
    """In how many days a lent item has to be back because others wait; None: no recall."""
    if not rule.waiting or waiting < rule.waiting:
        return None
    return max(rule.kept_days - kept_days, rule.days)
