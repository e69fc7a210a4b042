"""The house itself stands."""

import platform
import sysconfig
from uuid import UUID

import pytest

from pinakes.platform.db import uuid7
from pinakes.platform.identity import Role, roles_at
from pinakes.platform.paging import CursorMalformed, behind, cursor
from pinakes.platform.retry import pause
from pinakes.platform.words import counted


def test_the_platform_folder_does_not_shadow_the_standard_library() -> None:
    assert platform.__file__ == f"{sysconfig.get_path('stdlib')}/platform.py"


def test_keys_grow_with_time() -> None:
    first, second = uuid7(), uuid7()
    assert first.version == second.version == 7
    assert first < second


@pytest.mark.parametrize(("attempt", "longest"), [(0, 0.5), (3, 4.0), (20, 60.0), (5000, 60.0)])
def test_pauses_grow_but_never_past_the_cap(attempt: int, longest: float) -> None:
    assert all(0 <= pause(attempt) <= longest for _ in range(100))


def test_a_negative_attempt_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="attempt must be 0 or more, not -1"):
        pause(-1)


def test_a_cursor_leads_back_to_its_row() -> None:
    id = UUID("019a0000-0000-7000-8000-000000000001")
    assert behind(cursor(id)) == id


@pytest.mark.parametrize("word", ["", "x", "é", "🙂" * 5, "A" * 23, "../../etc"])
def test_a_cursor_of_somebody_elses_is_refused(word: str) -> None:
    with pytest.raises(CursorMalformed):
        behind(word)


LINEAGE = ["hub", "zhejiang", "hangzhou", "yuhang"]


@pytest.mark.parametrize(
    ("grant", "role"),
    [
        ("desk@yuhang", Role.DESK),
        ("administrator@zhejiang*", Role.ADMINISTRATOR),
        ("operator@*", Role.OPERATOR),
        ("desk@hangzhou", None),
        ("desk@yuhang2", None),
        ("desk@ningbo*", None),
        ("king@yuhang", None),
        ("yuhang", None),
        ("", None),
    ],
)
def test_a_grant_counts_where_it_says(grant: str, role: Role | None) -> None:
    assert roles_at([grant], LINEAGE) == (frozenset({role}) if role else frozenset())


@pytest.mark.parametrize(
    ("count", "things", "told"),
    [
        (1, "records", "1 record"),
        (0, "records", "0 records"),
        (1, "leaves", "1 leaf"),
        (2_000, "leaves", "2,000 leaves"),
    ],
)
def test_commands_count_in_the_grammar_of_their_language(
    count: int, things: str, told: str
) -> None:
    assert counted(count, things) == told
