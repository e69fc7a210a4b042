"""The judged list, and what an order of results is worth."""

import pytest

from pinakes.main.bench.judged import JUDGED
from pinakes.main.bench.judging import TITLES, grades, ndcg, nearness

WORTH = {"红楼梦": 3, "红楼梦研究": 2}


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        (["红楼梦", "红楼梦研究"], 1),
        (["红楼梦", "红楼梦研究", "茶经"], 1),
        (["红楼梦研究", "红楼梦"], 0.8340),
        (["茶经", "红楼梦"], 0.4966),
        ([], 0),
    ],
)
def test_an_order_is_worth_the_more_the_nearer_the_best_is_to_its_top(
    order: list[str], expected: float
) -> None:
    assert nearness(order, WORTH) == pytest.approx(expected, abs=0.0001)


def test_whatever_is_judged_stands_on_the_shelf_once() -> None:
    assert len(TITLES) == len(set(TITLES))
    for asked, told in JUDGED.items():
        assert set(TITLES).issuperset(grades(told)), asked


def test_results_stand_nearly_as_a_librarian_would_put_them() -> None:
    assert ndcg().reached
