"""Days, counts and languages, in the words of the reader and by the clocks of the branch."""

from datetime import UTC, date, datetime

import pytest
import time_machine

from pinakes.platform import show
from pinakes.platform.language import speaking

NOW = datetime(2026, 11, 21, 17, 0, tzinfo=UTC)  # one in the morning of the 22nd in Shanghai
SHANGHAI = "Asia/Shanghai"


@pytest.mark.parametrize(
    ("due", "zh", "en"),
    [
        (date(2026, 11, 22), "今天", "today"),
        (date(2026, 11, 23), "明天", "tomorrow"),
        (date(2026, 11, 25), "还有 3 天", "in 3 days"),
        (date(2026, 11, 21), "已过期 1 天", "1 day late"),
        (datetime(2026, 11, 20, 15, 59, tzinfo=UTC), "已过期 2 天", "2 days late"),
    ],
)
def test_a_day_is_told_by_how_far_it_is(due: date, zh: str, en: str) -> None:
    with time_machine.travel(NOW, tick=False):
        with speaking("zh"):
            assert show.until(due, SHANGHAI) == zh
        with speaking("en"):
            assert show.until(due, SHANGHAI) == en


def test_a_day_is_over_when_it_is_over_at_the_branch() -> None:
    last_minute = datetime(2026, 11, 21, 15, 59, tzinfo=UTC)
    with time_machine.travel(NOW, tick=False):
        assert show.past(last_minute, SHANGHAI)
        assert not show.past(last_minute, "UTC")


def test_days_and_moments_are_written_as_people_write_them() -> None:
    with speaking("zh"):
        assert show.short_day(NOW, SHANGHAI) == "11月22日星期日"
        assert show.moment(NOW, SHANGHAI).startswith("2026年11月22日 01:00")
    with speaking("en"):
        assert show.short_day(NOW, SHANGHAI) == "Sunday 22 November"
        assert show.number(1234567) == "1,234,567"


def test_words_are_read_aloud_in_their_own_language() -> None:
    told = {"红楼梦": "zh-CN", "A Room": "en", "源氏物語の世界": "ja", "토지": "ko", "1984": "en"}
    assert {text: show.tongue(text) for text in told} == told


def test_a_language_is_named_even_when_only_its_code_is_known() -> None:
    with speaking("zh"):
        assert show.language_name("chi") == "中文"
    with speaking("en"):
        assert show.language_name("eng") == "English"
        assert show.language_name("xyz") == "xyz"


def test_the_last_day_of_all_is_told_too() -> None:
    with speaking("en"):
        assert show.short_day(datetime.max.replace(tzinfo=UTC), SHANGHAI) == "Friday 31 December"


def test_a_share_is_written_in_hundredths() -> None:
    assert show.percent(3 / 7) == "43%"
