"""Questions and titles are taken apart alike; what was meant is told from what was nearly found."""

import pytest

from pinakes.federation.discovery.document import Shown
from pinakes.federation.discovery.meaning import LONGEST, MOST_FOUND, meant
from pinakes.federation.discovery.query import (
    CALL_NUMBER,
    LONGEST_NUMBER,
    MOST_CLAUSES,
    Clause,
    clauses,
    is_call_number,
)
from pinakes.federation.discovery.wording import SHORT, heading, together, worded


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("红楼梦 曹雪芹", [Clause("红楼梦"), Clause("曹雪芹")]),
        ('author:"Lu Xun" x', [Clause("lu xun", "names", phrase=True), Clause("x")]),
        ("题名：紅樓", [Clause("红楼", "title")]),
        ("ratio 3:2", [Clause("ratio"), Clause("3 2", written="3 2")]),
        ("978-7-02-000220-7", [Clause("978-7-02-000220-7", "numbers")]),
        ("isbn：９７８－７－０２－０００２２０－７", [Clause("978-7-02-000220-7", "numbers")]),
        ("call:I242.4 红楼", [Clause("I242.4", "classes"), Clause("红楼")]),
        ("“红楼”－＂梦＂", [Clause("红楼", phrase=True), Clause("-"), Clause("梦", phrase=True)]),
        ("1984 (novel)", [Clause("1984", written="1984"), Clause("(novel)")]),
    ],
)
def test_a_question_is_taken_apart(text: str, expected: list[Clause]) -> None:
    assert clauses(text) == expected


def test_what_looks_like_a_call_number_is_looked_at_once() -> None:
    """With each character tried as the end of two parts, this took a quarter of an hour."""
    assert not CALL_NUMBER.fullmatch("A" + "1" * 40_000 + "!")
    assert is_call_number("K825.6=76/12 C1")
    assert not is_call_number("A" + "1" * LONGEST_NUMBER)
    assert not is_call_number("a1 " * 12 + "!")


@pytest.mark.parametrize("times", [1, SHORT])
def test_a_name_is_taken_apart_as_a_title_is_however_long(times: int) -> None:
    text = "曹雪芹 Xueqin " * times
    assert heading(text) == heading(text) == worded(text)
    assert heading(text).spelled.split() == ["xueqin"] * times


@pytest.mark.parametrize("subtitle", ["新校本", "études", "C语言 Ⅱ", "42", ""])
@pytest.mark.parametrize("title", ["紅樓夢", "Ḥasidic thought", "C语言", "1984", ""])
def test_a_title_and_its_subtitle_are_together_what_they_are_in_one(
    title: str, subtitle: str
) -> None:
    assert together(worded(title), worded(subtitle)) == worded(f"{title} : {subtitle}")


def test_what_was_meant_may_be_part_of_a_subject() -> None:
    found = [Shown("耿飚将军自述", subjects=("Generals--China--Biography",))]
    assert meant("bography", found) == "Biography"
    assert meant("a bography", [Shown("& so on, s"), *found]) == "a Biography"


def test_what_was_meant_is_looked_for_in_the_first_words_and_the_first_titles() -> None:
    """A question has no end of words, and titles no end of letters: nobody waits for them all."""
    found = [Shown("chapter")] * MOST_FOUND + [Shown("entomology")]
    assert meant("chaptr entomolgy", found) == "chapter entomolgy"
    many = " ".join(["chapter"] * MOST_CLAUSES)
    assert meant(f"{many} chaptr", found) == ""
    assert meant("entomolgy", [Shown(f"{'x' * LONGEST} entomology")]) == ""
