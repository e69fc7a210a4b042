"""How far two branches lie apart: on the map where both are on it, else in the tree. Pure."""

from functools import lru_cache
from heapq import nsmallest
from math import asin, cos, radians, sin, sqrt
from typing import Protocol

from pinakes.platform.directory import Directory, Tenant

EARTH = 6371.0  # km
NEAREST = 3


class Place(Protocol):
    """Something that may be on the map."""

    @property
    def latitude(self) -> float | None: ...
    @property
    def longitude(self) -> float | None: ...


type Distance = tuple[int, float, int, str]


def distance(near: Tenant | None, branch: Tenant) -> Distance:
    """Sorts branches: *near* itself, those on the map by kilometres, the others by steps."""
    if near is None or near.id == branch.id:
        return (0, 0.0, 0, branch.code)
    away = kilometres(near, branch)
    return (1, away, steps(near, branch), branch.code)


@lru_cache(maxsize=20_000)
def apart(directory: Directory, stamp: object, near: int | None, branch: int) -> Distance:
    """The same between two ids, as the directory of this *stamp* has them."""
    return distance(None if near is None else directory.ids[near], directory.ids[branch])


@lru_cache(maxsize=4096)
def around(directory: Directory, stamp: object, near: int) -> tuple[int, ...]:
    """The open branches nearest to one, and itself, as the directory of this *stamp* has it."""
    here = directory.ids[near]
    near_by = [
        one
        for one in directory.ids.values()
        if one.consortium == here.consortium and (one.state == "active" or one.id == near)
    ]
    return tuple([one.id for one in nsmallest(NEAREST, near_by, lambda one: distance(here, one))])


def kilometres(one: Place, other: Place) -> float:
    """As the crow flies; endless when one of them is not on the map."""
    places = (one.latitude, one.longitude, other.latitude, other.longitude)
    if None in places:
        return float("inf")
    north, east, north2, east2 = (radians(place or 0.0) for place in places)
    half = sin((north2 - north) / 2) ** 2
    half += cos(north) * cos(north2) * sin((east2 - east) / 2) ** 2
    return 2 * EARTH * asin(sqrt(half))


def steps(one: Tenant, other: Tenant) -> int:
    """Steps up and down the tree."""
    shared = sum(1 for a, b in zip(one.path, other.path, strict=False) if a == b)
    return len(one.path) + len(other.path) - 2 * shared
