"""Readings are those of the library whose dictionaries we read."""

import pypinyin

from pinakes.platform import readings

EACH = 40  # of 89,000


def test_a_reading_is_the_one_that_the_library_gives() -> None:
    phrases = list(readings.known())[::EACH]
    assert len(phrases) > 2000
    for phrase in phrases:
        said = [one.replace("v", "u").replace("ê", "e") for one in pypinyin.lazy_pinyin(phrase)]
        assert readings.reading(phrase) == said, phrase


def test_what_no_dictionary_knows_stays_as_it_is() -> None:
    assert readings.reading("々") == ["々"]
