"""Card numbers: a slip of the hand is found before anybody else's card is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinakes.tenants.readers import numbers
from pinakes.tenants.readers.rules import mask

branches = st.integers(1, 99_999)


@given(branches, st.integers(0, 14), st.integers(1, 9))
def test_every_wrong_digit_is_found(branch: int, place: int, by: int) -> None:
    number = numbers.issue(branch)
    wrong = str((int(number[place]) + by) % 10)
    assert numbers.is_issued_by(number, branch)
    assert not numbers.is_issued(number[:place] + wrong + number[place + 1 :])


@given(branches, st.integers(0, 13))
def test_every_swapped_pair_is_found(branch: int, place: int) -> None:
    number = numbers.issue(branch)
    first, second = number[place], number[place + 1]
    swapped = number[:place] + second + first + number[place + 2 :]
    assert numbers.is_issued(swapped) == (first == second)


@given(branches, branches)
def test_a_number_says_which_branch_has_issued_it(one: int, other: int) -> None:
    assert numbers.is_issued_by(numbers.issue(one), other) == (one == other)


@given(branches, branches)
def test_no_branch_takes_the_cards_of_another_for_old_barcodes(one: int, other: int) -> None:
    number = numbers.issue(one)
    assert numbers.is_of_another(number, other) == (one != other)
    if one != other:
        with pytest.raises(numbers.CardOfAnother):
            numbers.alias(number, other)


@given(st.text())
def test_any_word_is_a_card_or_refused(word: str) -> None:
    try:
        assert 0 < len(numbers.tidy(word)) <= numbers.LONGEST
    except numbers.CardMalformed:
        tidy = word.strip()
        assert not 0 < len(tidy) <= numbers.LONGEST or not word.isprintable() or "@" in tidy
    assert not numbers.is_issued("१२३४५६७८९०१२३४५")


@pytest.mark.parametrize(
    ("name", "masked"),
    [("王", "王*"), ("欧阳娜", "欧**"), ("Ada Lovelace", "A** L***"), ("", "")],
)
def test_a_masked_name_says_little(name: str, masked: str) -> None:
    assert mask(name) == masked
