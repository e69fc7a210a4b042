"""Nearest is on the map where both branches are on it, else in the tree."""

from typing import Any

import pytest

from pinakes.federation.discovery.nearness import around, distance, kilometres, steps
from pinakes.platform.directory import Directory, Tenant

BEIJING, SHANGHAI = (39.9042, 116.4074), (31.2304, 121.4737)


def branch(
    code: str, *path: int, at: tuple[float, float] | None = None, state: str = "active"
) -> Tenant:
    place: dict[str, Any] = {"latitude": at[0], "longitude": at[1]} if at else {}
    return Tenant(
        id=path[-1],
        consortium=1,
        code=code,
        kind="county",
        path=list(path),
        name_zh=code,
        name_en=code,
        state=state,
        zone="Asia/Shanghai",
        **place,
    )


def test_a_sister_is_nearer_than_a_cousin() -> None:
    here, sister = branch("here", 1, 2, 3), branch("sister", 1, 2, 4)
    cousin, mother = branch("cousin", 1, 5, 6), branch("mother", 1, 2)
    assert [steps(here, one) for one in (here, mother, sister, cousin)] == [0, 1, 2, 4]
    ranked = sorted((cousin, sister, here, mother), key=lambda one: distance(here, one))
    assert [one.code for one in ranked] == ["here", "mother", "sister", "cousin"]


def test_kilometres_count_where_both_are_on_the_map() -> None:
    here, far = branch("here", 1, 2, at=BEIJING), branch("far", 1, 2, 3, at=SHANGHAI)
    near, unknown = branch("near", 1, 4, at=(39.95, 116.5)), branch("unknown", 1, 2, 5)
    assert kilometres(here, far) == pytest.approx(1067, abs=5)
    ranked = sorted((unknown, far, near), key=lambda one: distance(here, one))
    assert [one.code for one in ranked] == ["near", "far", "unknown"]


def test_without_a_place_to_start_from_branches_stand_by_code() -> None:
    ranked = sorted((branch("b", 1, 2), branch("a", 3)), key=lambda one: distance(None, one))
    assert [one.code for one in ranked] == ["a", "b"]


def test_a_branch_that_is_closed_for_a_while_is_near_to_nobody_else() -> None:
    here, closed = branch("here", 1, 2, 3), branch("closed", 1, 2, 4, state="suspended")
    others = [branch("mother", 1, 2), branch("cousin", 1, 5, 6), branch("hub", 1)]
    directory = Directory([here, closed, *others])
    assert closed.id not in around(directory, None, here.id)
    assert closed.id in around(directory, None, closed.id)
