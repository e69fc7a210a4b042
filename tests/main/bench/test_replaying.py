"""What pgbench replays is a recorded life, with its own ids in place of the recorded ones."""

from uuid import UUID, uuid4

import pytest

from pinakes.main.bench.lives import RING, Life
from pinakes.main.bench.recording import Deed, Recording
from pinakes.main.bench.replaying import Script

GUEST = uuid4()
NEW = UUID(int=7)


def script(*statements: tuple[str, list[object]]) -> Script:
    return Script(Recording(Life(0), [Deed("step", statements=[*statements])]), GUEST)


@pytest.mark.parametrize(
    ("told", "written"),
    [
        (None, "NULL"),
        (4, "4"),
        (Life(0).home, ":home"),
        (Life(0).title, ":record::uuid"),
        (NEW, ":u0::uuid"),
        ("it's", "'it''s'"),
        (Life(0).barcode, "concat('', :barcode::text, '', '')"),
        ({"at": f"{Life(0).pickup}"}, """concat('{"at": "', :pickup::text, '"}', '')::jsonb"""),
        ([GUEST], "ARRAY[:guest::uuid]"),
        ([Life(0).home], "ARRAY[:home]::integer[]"),
        ([], "'{}'"),
    ],
)
def test_what_differs_from_life_to_life_is_a_variable(told: object, written: str) -> None:
    assert script(("SELECT f($1)", [told])).lines == [f"SELECT f({written});"]


def test_an_id_keeps_its_variable_and_is_new_in_every_replay() -> None:
    replayed = str(script(("SELECT f($1)", [NEW]), ("SELECT g($1)", [{"id": NEW}])))
    assert replayed.count("uuidv7() AS") == 1
    assert replayed.count(":u0") == 2


def test_pgbench_sees_no_variable_in_the_words_of_a_life() -> None:
    [line] = script(("SELECT f($1)", [{"at": "12:30:00", "over": None}])).lines
    assert line == r"""SELECT f('{"at": "12\u003a30\u003a00", "over": null}'::jsonb);"""


def test_every_branch_of_the_ring_plays_every_part() -> None:
    lives = [Life(number) for number in range(RING)]
    for part in ("home", "supplier", "pickup"):
        assert len({getattr(life, part) for life in lives}) == RING
    assert all(len({life.home, life.supplier, life.pickup}) == 3 for life in lives)
