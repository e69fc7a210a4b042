"""Due dates: the last moment of a day on which the branch is open."""

from collections.abc import Set
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

LONGEST_CLOSURE = 366  # days; a branch that is closed for longer takes books back some other way
DAY = timedelta(days=1)
LAST_MOMENT = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Calendar:
    """When a branch is closed, and in which time zone its days begin and end."""

    zone: ZoneInfo
    closed_weekdays: Set[int] = frozenset()  # Monday is 1
    closed_days: Set[date] = frozenset()

    def is_closed(self, day: date) -> bool:
        return day.isoweekday() in self.closed_weekdays or day in self.closed_days

    def today(self, moment: datetime) -> date:
        """The day it is at the branch."""
        return moment.astimezone(self.zone).date()

    def due(self, lent_at: datetime, days: int) -> datetime:
        """The end of the first open day, *days* or more after the day of lending."""
        day = self.today(lent_at) + days * DAY
        for later in range(LONGEST_CLOSURE):
            if not self.is_closed(day + later * DAY):
                return self.end_of(day + later * DAY)
        return self.end_of(day)

    def end_of(self, day: date) -> datetime:
        """One second before the next day begins, whatever the clocks do that night."""
        midnight = datetime.combine(day + DAY, time.min, self.zone)
        return (midnight.astimezone(UTC) - LAST_MOMENT).astimezone(self.zone)
