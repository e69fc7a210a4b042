"""A made-up country with requests, for trying policies where there is nothing to replay yet."""

from collections.abc import Iterator
from datetime import date
from itertools import accumulate
from random import Random
from uuid import UUID

from pinakes.federation.holds.choosing.world import Branch, Demand, World

PROVINCES, CITIES = 40, 479
SHARE = {"province": 30, "city": 6, "county": 1}  # of the titles, one kind against another
TITLES_PER_BRANCH = 6
SPREAD = 0.55  # the title of rank i has BRANCHES / i ** SPREAD holders
READERS = {"province": 20, "city": 5, "county": 1}  # who ask, one kind against another


def kind_of(branch: Branch) -> str:
    if branch.city is None:
        return "province"
    return "city" if branch.city == branch.id else "county"


def country(many: int, draw: Random) -> dict[int, Branch]:
    """So many branches: provinces, their cities, their counties, each near the one above it."""
    found = dict[int, Branch]()
    cities = min(CITIES, max(many - PROVINCES, 0))
    for id in range(1, many + 1):
        if id <= PROVINCES:
            place = (20 + id % 8 * 3.5, 80 + id % 37 * 1.4)
            province, city = id, None
        elif id <= PROVINCES + cities:
            province = 1 + id % PROVINCES
            city, place = id, beside(found[province], draw, 3)
        else:
            city = PROVINCES + 1 + id % cities
            province, place = found[city].province or 0, beside(found[city], draw, 1)
        latitude, longitude = place
        found[id] = Branch(
            id=id,
            code=f"branch-{id}",
            province=province,
            city=city,
            latitude=latitude,
            longitude=longitude,
            courier_days=1 if city is None else draw.choice((2, 2, 3)),
        )
    return found


def beside(branch: Branch, draw: Random, degrees: float) -> tuple[float, float]:
    """Somewhere near it."""
    latitude, longitude = branch.latitude or 0.0, branch.longitude or 0.0
    return latitude + draw.uniform(-degrees, degrees), longitude + draw.uniform(-degrees, degrees)


def world(many: int, seed: int, first_day: date) -> World:
    """Branches and who holds what: few titles are held by many, large branches hold more."""
    draw = Random(seed)  # noqa: S311  (made up)
    branches = country(many, draw)
    ids = list(branches)
    sums = list(accumulate(SHARE[kind_of(branch)] for branch in branches.values()))
    holders = dict[int, dict[int, int]]()
    for title in range(1, many * TITLES_PER_BRANCH + 1):
        wanted = int(many * title**-SPREAD) + 1
        chosen = ids if wanted >= many else draw.choices(ids, cum_weights=sums, k=wanted)
        copies = dict[int, int]()
        for id in chosen:
            copies[id] = copies.get(id, 0) + 1
        holders[title] = copies
    return World(branches, holders, first_day)


def demands(made: World, many: int, days: int, seed: int) -> Iterator[Demand]:
    """Titles are asked for as often as they are held; large branches have more readers."""
    draw = Random(seed + 1)  # noqa: S311  (made up)
    ids, titles = list(made.branches), list(made.holders)
    readers = list(accumulate(READERS[kind_of(branch)] for branch in made.branches.values()))
    popular = list(accumulate(len(holders) for holders in made.holders.values()))
    homes = draw.choices(ids, cum_weights=readers, k=many)
    for home, title in zip(homes, draw.choices(titles, cum_weights=popular, k=many), strict=True):
        yield Demand(draw.random() * days, home, title, UUID(int=draw.getrandbits(128)))
