"""Books that nobody wrote, drawn from the words: the same seed gives the same books."""

from random import Random
from typing import NamedTuple

from pinakes.main.demo import marc_words as words

CHINESE = 0.8  # of all books
FIRST_YEAR, LAST_YEAR = 1985, 2025
GROUPS = {"chi": "7", "eng": "0"}


class Book(NamedTuple):
    """What both dialects tell of one book. ``author`` is as written on the title page.

    ``control`` is the digits of its control number: two seeds have none in common.
    """

    number: int
    control: str
    language: str
    title: str
    subtitle: str
    author: str
    inverted: str
    place: str
    publisher: str
    year: int
    edition: int
    pages: int
    series: str
    isbn: str
    topic: words.Topic
    barcodes: tuple[str, ...]


def book(number: int, seed: int) -> Book:
    """The book of this number."""
    draw = Random(seed * 1_000_003 + number)  # noqa: S311 (a demonstration)
    chinese = draw.random() < CHINESE
    topic = draw.choice(words.TOPICS)
    title, subtitle = _title(draw, topic, chinese)
    author, inverted = _chinese_name(draw) if chinese else _english_name(draw)
    place, publisher = draw.choice(words.PUBLISHERS if chinese else words.EN_PUBLISHERS)
    language = "chi" if chinese else "eng"
    series = draw.choice(words.SERIES if chinese else words.EN_SERIES)
    return Book(
        number,
        f"{seed:03d}{number:07d}",
        language,
        title,
        subtitle,
        author,
        inverted,
        place,
        publisher,
        draw.randint(FIRST_YEAR, LAST_YEAR),
        draw.choice((1, 1, 1, 2, 3)),
        draw.randrange(80, 620),
        series if draw.random() < 0.25 else "",  # noqa: PLR2004
        _isbn(draw, GROUPS[language]),
        topic,
        tuple(f"{seed:03d}{number:07d}{copy}" for copy in range(1, draw.choice((1, 1, 2, 3)) + 1)),
    )


def _title(draw: Random, topic: words.Topic, chinese: bool) -> tuple[str, str]:
    side = 0 if chinese else 1
    first, second = draw.sample(words.THINGS, 2)
    here, there = draw.sample(words.PLACES, 2)
    title = draw.choice(words.ZH_TITLES if chinese else words.EN_TITLES).format(
        topic=topic[side],
        place=here[side],
        place2=there[side],
        season=draw.choice(words.SEASONS)[side],
        thing=first[side],
        thing2=second[side],
        adjective=draw.choice(words.ADJECTIVES),
    )
    subtitles = words.ZH_SUBTITLES if chinese else words.EN_SUBTITLES
    subtitle = draw.choice(subtitles) if draw.random() < 0.4 else ""  # noqa: PLR2004
    return title[0].upper() + title[1:], subtitle


def _chinese_name(draw: Random) -> tuple[str, str]:
    name = draw.choice(words.SURNAMES) + "".join(
        draw.choices(words.GIVEN, k=draw.choice((1, 2, 2)))
    )
    return name, name


def _english_name(draw: Random) -> tuple[str, str]:
    given, surname = draw.choice(words.EN_GIVEN), draw.choice(words.EN_SURNAMES)
    return f"{given} {surname}", f"{surname}, {given}"


def _isbn(draw: Random, group: str) -> str:
    """Thirteen digits in five groups, the last the check digit."""
    publisher, rest = f"{draw.randrange(100, 1000)}", f"{draw.randrange(100_000):05d}"
    digits = f"978{group}{publisher}{rest}"
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(digits))
    return f"978-{group}-{publisher}-{rest}-{-total % 10}"
