"""What branches decide about lending to one another: the types of the settings."""

from datetime import date
from typing import Annotated, Literal

from msgspec import Meta, Struct

from pinakes.platform.words import whole

Step = Annotated[int, Meta(ge=1, le=100_000)]
Money = Annotated[int, Meta(ge=0, le=10_000_000)]  # in the smallest coin
Word = Annotated[str, Meta(pattern=whole(r"\*|[a-z0-9_-]{1,40}"))]
Few = Annotated[int, Meta(ge=0, le=3650)]

type Criterion = Literal["own", "province", "group", "days", "balance", "load", "distance", "cost"]


class Policy(Struct, forbid_unknown_fields=True, rename={"since": "from"}):
    """How a supplier is chosen from a day on: *order* names what decides, first to last.

    Distances, balances and loads count in steps, so that small differences decide nothing.
    """

    since: date = date(2000, 1, 1)
    order: Annotated[tuple[Criterion, ...], Meta(min_length=1, max_length=8)] = (
        "own", "province", "group", "days", "balance", "load", "distance", "cost",
    )  # fmt: skip
    km: Step = 200
    balance: Step = 10
    load: Step = 5
    group_only: bool = False  # nobody outside the reader's groups is asked
    most_cost: Money | None = None


class Pause(Struct, forbid_unknown_fields=True, rename={"since": "from"}):
    """Days on which a branch supplies nobody; without an end until it decides otherwise."""

    since: date
    until: date | None = None


class HoldRule(Struct, forbid_unknown_fields=True):
    """Whether a kind of reader may reserve a kind of item; the most specific rule wins."""

    reader: Word = "*"
    item: Word = "*"
    holds: bool = True
    limit: Annotated[int, Meta(ge=0, le=1000)] | None = None  # of this rule at a time
    least_age: Annotated[int, Meta(ge=0, le=150)] = 0  # of the reader, in years


class Float(Struct, forbid_unknown_fields=True):
    """Which items stay where they are returned, and how many a branch keeps of one title."""

    items: list[Word] = []  # kinds of items; "*" is every kind
    most: Few = 2


class Recall(Struct, forbid_unknown_fields=True):
    """When an item that is lent is called back for those who wait."""

    waiting: Few = 0  # recall once so many wait; none: never
    kept_days: Few = 14  # every borrower may keep it at least so long
    days: Few = 7  # to bring it back
    by_hand: bool = True  # a desk may call back what it lent to another branch
