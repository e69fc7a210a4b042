"""Due dates fall on days when somebody is there to take books back."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinakes.tenants.circulation.calendar import Calendar

SHANGHAI, BERLIN, CAIRO = (
    ZoneInfo(name) for name in ("Asia/Shanghai", "Europe/Berlin", "Africa/Cairo")
)
ZONES = [SHANGHAI, BERLIN, CAIRO, ZoneInfo("Pacific/Apia"), ZoneInfo("America/St_Johns")]


def at(zone: ZoneInfo, *moment: int) -> datetime:
    return datetime(*moment, tzinfo=zone)  # type: ignore[misc,arg-type]


type Case = tuple[tuple[int, ...], int, set[int], set[date], tuple[int, ...]]

CASES: dict[str, Case] = {  # lent, days, closed weekdays, closed days, due
    "thirty days": ((2026, 11, 20, 10, 0), 30, set(), set(), (2026, 12, 20)),
    "a leap day is a day": ((2028, 2, 1, 9, 0), 28, set(), set(), (2028, 2, 29)),
    "no leap day, no 29th": ((2027, 2, 1, 9, 0), 28, set(), set(), (2027, 3, 1)),
    "over the end of the year": ((2026, 12, 20, 9, 0), 14, set(), set(), (2027, 1, 3)),
    "a closed Monday": ((2026, 11, 16, 9, 0), 7, {1}, set(), (2026, 11, 24)),
    "a weekend and a Monday": ((2026, 11, 14, 9, 0), 7, {6, 7, 1}, set(), (2026, 11, 24)),
    "a closed day": ((2026, 9, 1, 9, 0), 30, set(), {date(2026, 10, 1)}, (2026, 10, 2)),
    "a golden week, then a Monday": (
        (2026, 9, 1, 9, 0),
        30,
        {1},
        {date(2026, 10, day) for day in range(1, 12)},
        (2026, 10, 13),
    ),
    "a closed last day of the year": (
        (2026, 12, 1, 9, 0),
        30,
        set(),
        {date(2026, 12, 31), date(2027, 1, 1)},
        (2027, 1, 2),
    ),
    "the same day": ((2026, 11, 20, 23, 59), 0, set(), set(), (2026, 11, 20)),
}


@pytest.mark.parametrize("case", CASES)
def test_a_loan_is_due_at_the_end_of_an_open_day(case: str) -> None:
    lent, days, weekdays, closed, due = CASES[case]
    calendar = Calendar(SHANGHAI, frozenset(weekdays), frozenset(closed))
    assert calendar.due(at(SHANGHAI, *lent), days) == at(SHANGHAI, *due, 23, 59, 59)


def test_the_day_is_the_branch_s_own() -> None:
    late = datetime(2026, 11, 20, 17, 0, tzinfo=UTC)  # 1 o'clock of the 21st in Shanghai
    assert Calendar(SHANGHAI).due(late, 1).date() == date(2026, 11, 22)
    assert Calendar(BERLIN).due(late, 1).date() == date(2026, 11, 21)


@pytest.mark.parametrize(
    ("zone", "lent", "due"),
    [
        (BERLIN, (2026, 3, 28, 12, 0), datetime(2026, 3, 29, 21, 59, 59, tzinfo=UTC)),  # 23 hours
        (BERLIN, (2026, 10, 24, 12, 0), datetime(2026, 10, 25, 22, 59, 59, tzinfo=UTC)),  # 25 hours
        (CAIRO, (2026, 4, 22, 12, 0), datetime(2026, 4, 23, 21, 59, 59, tzinfo=UTC)),  # no midnight
    ],
)
def test_a_day_ends_when_the_next_one_begins(
    zone: ZoneInfo, lent: tuple[int, ...], due: datetime
) -> None:
    assert Calendar(zone).due(at(zone, *lent), 1) == due


def test_a_branch_that_is_always_closed_still_says_a_day() -> None:
    always = Calendar(SHANGHAI, frozenset(range(1, 8)))
    assert always.due(at(SHANGHAI, 2026, 11, 20, 9, 0), 7).date() == date(2026, 11, 27)


@given(
    moment=st.integers(1_600_000_000, 2_200_000_000),
    days=st.integers(0, 3650),
    weekdays=st.frozensets(st.integers(1, 7), max_size=6),
    zone=st.sampled_from(ZONES),
)
def test_nothing_is_due_before_its_time_or_on_a_closed_day(
    moment: int, days: int, weekdays: frozenset[int], zone: ZoneInfo
) -> None:
    calendar = Calendar(zone, weekdays)
    lent = datetime.fromtimestamp(moment, UTC)
    due = calendar.due(lent, days)
    assert due.date() >= calendar.today(lent) + timedelta(days=days)
    assert due > lent
    assert not calendar.is_closed(due.date())
