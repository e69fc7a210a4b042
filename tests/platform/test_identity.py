"""Which roles a grant gives, and where."""

import pytest

from pinakes.platform.identity import ANYONE, Principal, Role, roles_at

HUB, CITY, COUNTY = "hub", "city", "county"


@pytest.mark.parametrize(
    ("grant", "lineage", "role"),
    [
        ("desk@city", [HUB, CITY], Role.DESK),
        ("desk@city", [HUB, CITY, COUNTY], None),
        ("desk@city", [HUB], None),
        ("desk@city*", [HUB, CITY], Role.DESK),
        ("desk@city*", [HUB, CITY, COUNTY], Role.DESK),
        ("desk@city*", [HUB], None),
        ("administrator@hub*", [HUB, CITY, COUNTY], Role.ADMINISTRATOR),
        ("cataloguer@hub", [HUB], Role.CATALOGUER),
        ("operator@*", [HUB, CITY], Role.OPERATOR),
        ("operator@*", [], Role.OPERATOR),
    ],
)
def test_a_grant_counts_where_it_says(grant: str, lineage: list[str], role: Role | None) -> None:
    assert roles_at([grant], lineage) == ({role} if role else set())


@pytest.mark.parametrize(
    "grant",
    [
        *("", "@", "desk", "desk@", "@city", "desk@*", "desk@**", "desk@city**", "Desk@city"),
        *("operator@city", "operator@city*", "operator", "operator@", "reader@city", "king@city"),
        *("anonymous@city", "desk@city ", "desk@CITY", "desk@ci", "desk@city@hub", "desk@hub,city"),
    ],
)
def test_any_other_word_gives_nothing(grant: str) -> None:
    assert roles_at([grant], [HUB, CITY]) == frozenset()


def test_several_grants_add_up() -> None:
    assert roles_at(["desk@city", "cataloguer@hub*", "x"], [HUB, CITY]) == {
        Role.DESK,
        Role.CATALOGUER,
    }


def test_the_highest_role_is_the_one_that_is_told() -> None:
    assert ANYONE.role == "anonymous"
    both = frozenset({Role.DESK, Role.ADMINISTRATOR})
    assert Principal("ada", roles=both).role == "administrator"
