"""Which records are one title: by number, else by title, name and year; and what people decide."""

import gzip
from io import BytesIO
from pathlib import Path
from uuid import UUID

import pytest

from pinakes.federation.discovery.assigning import place
from pinakes.federation.discovery.meeting import Home, Rule, marks, meet
from pinakes.tenants.catalogue.marc import Isbn, Name, Record, Title, read, title_of

DATA = Path("/work/shared/data")
OURS, THEIRS = UUID(int=1), UUID(int=2)
LC = Title(  # as the Library of Congress has it
    title="中國現代小說史",
    titles=("Zhongguo xian dai xiao shuo shi",),
    names=(Name("夏志清", ("Hsia, Chih-tsing, 1921-2013",)),),
    year=2005,
    language="chi",
    isbn=(Isbn("7309044193", "9787309044195"),),
)
CN = Title(title="中国现代小说史", names=(Name("夏志清"),), year=2005, language="chi")
ROMANISED = Title(
    title="Zhongguo xian dai xiao shuo shi",
    names=(Name("Xia, Zhiqing, 1921-2013"),),
    year=2005,
    language="chi",
)
NUMBERED = Title(
    title="中国现代小说史 上册", isbn=(Isbn("x", "9787020002207"), Isbn("y", "9787309044195"))
)
SERIES = Title(title="中国当代散文选", isbn=(Isbn("x", "9787309044195"),))
OTHER_NUMBER = Title(
    title="中国现代小说史",
    names=(Name("夏志清"),),
    year=2005,
    language="chi",
    isbn=(Isbn("z", "9787020002207"),),
)
SHORT = Title(title="茶经", names=(Name("陆羽"),), year=1987, language="chi")
SOUNDS_SHORT = Title(title="Cha jing", names=(Name("Lu, Yu"),), year=1987, language="chi")


def rule(first: Title, second: Title) -> Rule | None:
    """Why *second* meets *first*, if it does."""
    known = marks(1, OURS, first)
    homes = {mark.key: Home(OURS, bool(known.numbers), known.title) for mark in known.all}
    met = meet(marks(2, THEIRS, second), homes)
    return met.rule if met.edition else None


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (LC, NUMBERED, Rule.ISBN),
        (LC, SERIES, None),  # publishers give one number to a whole series
        (SERIES, SERIES, Rule.ISBN),
        (LC, CN, Rule.SOUND),
        (CN, LC, Rule.SOUND),
        (ROMANISED, CN, Rule.SOUND),
        (SHORT, SHORT, Rule.TITLE),
        (SHORT, SOUNDS_SHORT, None),  # two syllables could be many titles
        (LC, OTHER_NUMBER, None),  # another edition of the same work
        (Title(title="年鉴", year=1990), Title(title="年鉴", year=1990), None),
    ],
)
def test_records_meet_by_number_else_by_words(
    first: Title, second: Title, expected: Rule | None
) -> None:
    assert rule(first, second) == expected


def test_a_library_of_congress_record_and_the_cnmarc_record_of_the_same_book_meet() -> None:
    lc, cn = DATA / "marc21/lc-books-2016-chinese.mrc.gz", DATA / "cnmarc"
    if not lc.exists():
        pytest.skip("the shared data is not here")
    homes: dict[str, Home] = {}
    numbers: dict[UUID, list[str]] = {}
    for number, title in enumerate(titles(lc)):
        edition = place(marks(1, UUID(int=number), title), None, homes).edition
        numbers.setdefault(edition, []).append(title.control_number)
    twins = titles(cn / "derived-lc-chinese-utf8.iso.gz")
    met = [(title, meet(marks(2, UUID(int=0), title), homes).edition) for title in twins]
    found = [(title, edition) for title, edition in met if edition]
    assert len(found) >= 0.95 * len(twins) > 1000  # some have neither number nor name
    wrong = [one for one, edition in found if one.control_number not in numbers[edition]]
    assert len(wrong) <= 0.005 * len(found)


def test_the_books_of_a_series_that_share_a_number_stay_apart() -> None:
    known: dict[str, Home] = {}
    ids = [
        place(marks(1, UUID(int=n), one), None, known).edition for n, one in enumerate((LC, SERIES))
    ]
    again = [
        place(marks(2, UUID(int=n), one), None, known).edition for n, one in enumerate((LC, SERIES))
    ]
    assert ids == again
    assert len(set(ids)) == 2


def titles(file: Path) -> list[Title]:
    """The titles of a packed file."""
    records = read(BytesIO(gzip.decompress(file.read_bytes())))
    return [title_of(one) for one in records if isinstance(one, Record)]
