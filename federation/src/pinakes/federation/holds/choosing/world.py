"""The branches of a simulation and what they hold, as seen from each city. Pure."""

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from typing import NamedTuple
from uuid import UUID

from msgspec import Struct

from pinakes.federation.discovery.nearness import EARTH
from pinakes.tenants.registry.sharing import Policy

SHORTLIST = 50
MONTH = 31  # days, the first of them today
MANY = 6  # of all branches to one on the shortlist, when a title counts as held everywhere


class Branch(Struct, frozen=True, kw_only=True):
    """A branch with the terms on which it supplies."""

    id: int
    code: str
    province: int | None = None
    city: int | None = None
    latitude: float | None = None
    longitude: float | None = None
    courier_days: int = 2
    cost: int = 0
    daily_cap: int | None = None
    last_resort: bool = False
    groups: Sequence[str] = ()
    pause_from: date | None = None
    pause_until: date | None = None  # none: for good
    closed_weekdays: frozenset[int] = frozenset()  # Monday is 1
    closed_days: frozenset[date] = frozenset()
    policies: Sequence[Policy] = (Policy(),)  # by which it chooses today

    def paused(self, day: date) -> bool:
        """Whether it lends nothing to others on that day."""
        begins, ends = self.pause_from, self.pause_until
        return begins is not None and begins <= day and (ends is None or day <= ends)

    def closed_for(self, day: date) -> int | None:
        """Days until it opens; none: not within a month, as ``reckon_suppliers`` counts."""
        if not (self.closed_weekdays or self.closed_days):
            return 0
        return next((ahead for ahead in range(MONTH) if self.is_open(day, ahead)), None)

    def is_open(self, day: date, ahead: int) -> bool:
        then = day + timedelta(ahead)
        return then.isoweekday() not in self.closed_weekdays and then not in self.closed_days


class Demand(Struct, frozen=True):
    """A reader of *home* asks for *title* on a day (0 is the first)."""

    day: float
    home: int
    title: int
    id: UUID
    needed_by: date | None = None


class Order(NamedTuple):
    """All branches as seen from a city, and which of them is the how-manieth."""

    branches: list[int]
    places: dict[int, int]


@dataclass(frozen=True)
class World:
    """Branches, and who holds how many copies of which title."""

    branches: Mapping[int, Branch]
    holders: Mapping[int, Mapping[int, int]]
    first_day: date
    orders: dict[int, Order] = field(default_factory=dict[int, Order])

    @cached_property
    def globe(self) -> "Globe":
        return Globe(self.branches.values())

    def outwards(self, home: Branch, held: Collection[int]) -> Iterable[int]:
        """The holders from the city of *home* outwards, its own province first."""
        around = self.around(home)
        if len(held) * SHORTLIST > len(self.branches) * MANY:
            return around.branches  # nearly everybody holds it: enough are found soon
        return sorted(held, key=around.places.__getitem__)

    def around(self, home: Branch) -> Order:
        """Everybody, as seen from there; reckoned once for each city."""
        key = home.city or home.province or home.id
        if key not in self.orders:

            def away(id: int) -> tuple[int, float]:
                far = self.globe.kilometres(home.id, id)
                return (nearness(home, self.branches[id]), math.inf if far is None else far)

            order = sorted(self.branches, key=away)
            self.orders[key] = Order(order, {id: place for place, id in enumerate(order)})
        return self.orders[key]


def nearness(home: Branch, branch: Branch) -> int:
    """As ``Candidate.near`` counts."""
    if branch.id == home.id:
        return 0
    if home.city is not None and branch.city == home.city:
        return 1
    return 2 if home.province is not None and branch.province == home.province else 3


class Globe:
    """Distances between branches, asked for millions of times."""

    def __init__(self, branches: Iterable[Branch]) -> None:
        self.places = {one.id: place for one in branches if (place := on_the_globe(one))}

    def kilometres(self, one: int, other: int) -> float | None:
        """Straight through the earth, which is near enough; None off the map."""
        here, there = self.places.get(one), self.places.get(other)
        return None if here is None or there is None else math.dist(here, there)


def on_the_globe(branch: Branch) -> tuple[float, float, float] | None:
    """Kilometres from the middle of the earth, along three axes."""
    if branch.latitude is None or branch.longitude is None:
        return None
    north, east = math.radians(branch.latitude), math.radians(branch.longitude)
    wide = EARTH * math.cos(north)
    return wide * math.cos(east), wide * math.sin(east), EARTH * math.sin(north)
