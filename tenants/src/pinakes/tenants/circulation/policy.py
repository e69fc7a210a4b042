"""Rules and calendars as the settings tell them, read once each."""

from datetime import date
from functools import lru_cache
from zoneinfo import ZoneInfo

import msgspec

from pinakes.tenants.circulation.calendar import Calendar
from pinakes.tenants.registry.keys import LoanRule


@lru_cache(1024)
def terms(told: str) -> tuple[LoanRule, ...]:
    """The setting ``loan.rules``."""
    return msgspec.json.decode(told, type=tuple[LoanRule, ...])


@lru_cache(4096)
def calendar(zone: str, weekdays: str, days: str) -> Calendar:
    """The settings ``calendar.closed_weekdays`` and ``calendar.closed_days`` in a time zone."""
    return Calendar(
        ZoneInfo(zone),
        msgspec.json.decode(weekdays, type=frozenset[int]),
        msgspec.json.decode(days, type=frozenset[date]),
    )


@lru_cache(1024)
def words(told: str) -> tuple[str, ...]:
    """The codes of a reader's blocks."""
    return msgspec.json.decode(told, type=tuple[str, ...])
