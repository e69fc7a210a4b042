"""Words in forms that can be compared, found and sorted."""

import unicodedata

import pypinyin
import pytest
import rjieba

from pinakes.platform import text
from pinakes.platform.syllables import SYLLABLES, readings
from pinakes.platform.variants import JAPANESE, OLDER, VARIANTS


@pytest.mark.parametrize(
    ("written", "folded"),
    [
        ("紅樓夢", "红楼梦"),
        ("Étude Ḥasidiyim naʼ Øre", "etude hasidiyim na ore"),
        (unicodedata.normalize("NFD", "Étude"), "etude"),
        ("ＡＢＣ　１２", "abc 12"),
        ("Straße", "strasse"),
        ("Война и мир Йод", "война и мир йод"),
        (unicodedata.normalize("NFD", "Йод"), "йод"),
        ("नेपाली", "नेपाली"),
        ("שָׁלוֹם", "שלום"),
        ("한국어", "한국어"),
        ("ABC", "abc"),
        ("敎育硏究槪論", "教育研究概论"),
        ("靑年の経済学・図書館沢", "青年の经济学・图书馆泽"),
    ],
)
def test_spellings_fold_into_one(written: str, folded: str) -> None:
    assert text.fold(written) == folded
    assert text.fold(folded) == folded


def test_every_variant_folds_into_a_form_that_stays() -> None:
    for shape, form in VARIANTS.items():
        assert text.fold(shape) == form == text.fold(form)
        assert text.to_simplified(shape) != form, "OpenCC knows it by now"
    assert len(VARIANTS) == len((OLDER + JAPANESE).split()), "a shape stands in it twice"


def test_a_part_folds_as_the_whole_does() -> None:
    whole = "乾坤著名裏頭髮展"
    parts = "".join(text.fold(character) for character in whole)
    assert text.fold(whole) == parts


def test_pairs_in_a_row_are_every_substring_of_two() -> None:
    assert text.grams("c语言程序 2版") == ["c", "语言", "言程", "程序", "2", "版"]


def test_words_of_other_scripts_stay_whole() -> None:
    assert text.grams("नेपाली भाषा") == ["नेपाली", "भाषा"]
    assert text.grams("l'homme x_y") == ["l", "homme", "x", "y"]
    assert [*map(len, text.grams("x" * 70))] == [60, 10]


def test_a_key_has_only_letters_and_digits() -> None:
    assert text.key("《紅樓夢》：Vol. 1!") == "红楼梦vol1"


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("重庆史话", "chong qing shi hua"),
        ("著名乾坤", "zhu ming qian kun"),
        ("绿色旅行", "lu se lu xing"),
        ("C语言", "c yu yan"),
        ("Étude 2", "etude 2"),
        ("", ""),
    ],
)
def test_chinese_sorts_by_its_sound(written: str, expected: str) -> None:
    assert text.sort_key(written) == expected


def test_readings_split_letters_into_syllables() -> None:
    assert readings("hongloumeng") == (("hong", "lou", "meng"),)
    assert set(readings("xian")) == {("xian",), ("xi", "an")}
    assert readings("lvxing") == (("lu", "xing"),)
    assert readings("hlm") == ()
    assert readings("") == ((),)


def test_readings_do_not_explode() -> None:
    assert readings("anganganganganganganganganganganganganganganganganganganganganz") == ()
    assert len(readings("xian" * 20)) == 6


def test_every_syllable_of_common_characters_is_known() -> None:
    level_one = bytes(range(0xB0, 0xD8))
    characters = [
        bytes([row, cell]).decode("gb2312", "ignore")
        for row in level_one
        for cell in range(0xA1, 0xFF)
    ]
    heard = {
        syllable.replace("v", "u").replace("ü", "u")
        for character in characters
        if character
        for syllable in pypinyin.lazy_pinyin(character)
    }
    assert heard <= SYLLABLES


def test_cutting_keeps_every_character() -> None:
    sentence = "我们在图书馆里找到了俞平伯的红楼梦研究"
    assert "".join(text.words(sentence)) == sentence
    assert "".join(rjieba.cut(sentence)) == sentence


def test_a_word_of_rare_characters_is_read_in_one_pass() -> None:
    """A run without end was tried at every length: 200,000 characters took months."""
    assert text.syllables("㐀" * 200_000 + "重庆")[-3:] == ["qiu", "chong", "qing"]
    assert len(text.sort_key("㐀" * 200_000).split()) == text.LONGEST_TEXT


def test_no_word_is_longer_than_may_be_remembered() -> None:
    run = "".join(map(chr, range(0x3400, 0x3400 + 1000)))
    assert text.words(run) == [run], "no dictionary knows it"
    words = text.cut(run, run)
    assert max(map(len, words)) == text.LONGEST_WORD
    assert "".join(words) == run
