"""How a page writes days, numbers and words of other languages."""

import re
from datetime import date, datetime
from typing import Any

from babel import Locale
from babel.dates import format_date, format_datetime
from babel.numbers import format_decimal, format_percent

from pinakes.platform import clock
from pinakes.platform.language import LOCALES, _, either, spoken

BIBLIOGRAPHIC = {  # codes of ISO 639-2/B, as catalogues use them
    "ara": "ar", "chi": "zh", "cze": "cs", "dut": "nl", "eng": "en", "fre": "fr", "ger": "de",
    "gre": "el", "ita": "it", "jpn": "ja", "kor": "ko", "lat": "la", "may": "ms", "mon": "mn",
    "per": "fa", "pol": "pl", "por": "pt", "rus": "ru", "spa": "es", "tha": "th", "tib": "bo",
    "tur": "tr", "uig": "ug", "ukr": "uk", "vie": "vi",
}  # fmt: skip
HAN, KANA, HANGUL = re.compile(r"[㐀-鿿]"), re.compile(r"[぀-ヿ]"), re.compile(r"[가-힣]")


def short_day(value: date | datetime, zone: str = "UTC") -> str:
    """A day of the week and of the month: 12月3日星期四, Thursday 3 December."""
    form = "M月d日EEEE" if spoken.get() == "zh" else "EEEE d MMMM"
    return format_date(local(value, zone), form, LOCALES[spoken.get()])


def day(value: date | datetime, zone: str = "UTC") -> str:
    """The same with its year, for what is kept on paper: 2026年12月3日星期四."""
    form = "y年M月d日EEEE" if spoken.get() == "zh" else "EEEE d MMMM y"
    return format_date(local(value, zone), form, LOCALES[spoken.get()])


def moment(value: datetime, zone: str = "UTC") -> str:
    """A day and a time of day, by the clocks of *zone*."""
    return format_datetime(clock.local(value, zone), "medium", locale=LOCALES[spoken.get()])


def until(value: date | datetime, zone: str = "UTC") -> str:
    """How far off a day is: today, tomorrow, in 5 days, 2 days late."""
    days = (local(value, zone) - local(clock.now(), zone)).days
    if days in (0, 1):
        return _("tomorrow") if days else _("today")
    if days > 0:
        return either("in %(num)s day", "in %(num)s days", days) % {"num": days}
    return either("%(num)s day late", "%(num)s days late", -days) % {"num": -days}


def past(value: date | datetime, zone: str = "UTC") -> bool:
    """Whether that day is over."""
    return local(value, zone) < local(clock.now(), zone)


def local(value: date | datetime, zone: str) -> date:
    """The day on the wall calendar of *zone*."""
    return clock.local(value, zone).date() if isinstance(value, datetime) else value


def number(value: int) -> str:
    """A count, with the separators of the language."""
    return format_decimal(value, locale=LOCALES[spoken.get()])


def percent(value: float) -> str:
    """A share, as the language writes hundredths."""
    return format_percent(value, locale=LOCALES[spoken.get()])


def tongue(text: str) -> str:
    """The language that *text* looks to be in, for fonts and for voices that read aloud."""
    if KANA.search(text):
        return "ja"
    if HANGUL.search(text):
        return "ko"
    return "zh-CN" if HAN.search(text) else "en"


def language_name(code: str) -> str:
    """The name of a language, of which catalogues keep a code of three letters."""
    names: Any = Locale.parse(LOCALES[spoken.get()]).languages
    return str(names.get(BIBLIOGRAPHIC.get(code, code), code))


FILTERS = {
    "language_name": language_name,
    "short_day": short_day,
    "day": day,
    "moment": moment,
    "until": until,
    "past": past,
    "number": number,
    "percent": percent,
    "tongue": tongue,
}
