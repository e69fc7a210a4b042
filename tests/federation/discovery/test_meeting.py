"""Which records are one title: by number, else by title, name and year; and what people decide."""

import gzip
from io import BytesIO
from pathlib import Path
from uuid import UUID

import pytest
from marcs import data_file, one

from pinakes.federation.discovery.assigning import place
from pinakes.federation.discovery.meeting import Home, Rule, marks, meet
from pinakes.tenants.catalogue.marc import Isbn, Name, Record, Title, read, title_of

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

AMERICAN = (  # a record and its Chinese sister as each country's national library writes them
    "001 2005427136",
    "003 DLC",
    "008 060112s2005    cc            000 0 chi  ",
    "100 1_ $6880-01$aXia, Zhiqing,$d1921-2013.",
    "245 10 $6880-02$aZhongguo xian dai xiao shuo shi /$cXia Zhiqing zhu ; Liu Shaoming bian yi.",
    "260 __ $6880-03$aShanghai :$bFudan da xue chu ban she,$c2005.",
    "880 1_ $6100-01/$1$a夏志清,$d1921-2013.",
    "880 10 $6245-02/$1$a中國現代小說史 /$c夏志清著 ; 劉紹銘編譯.",
    "880 __ $6260-03/$1$a上海 :$b復旦大學出版社,$c2005.",
)
CHINESE = (
    "001 012003145678",
    "100 __ $a20051020d2005    em y0chiy50      ea",
    "101 1_ $achi$ceng",
    "200 1_ $a中国现代小说史$Azhong guo xian dai xiao shuo shi$f(美)夏志清著$g刘绍铭编译",
    "210 __ $a上海$c复旦大学出版社$d2005",
    "690 __ $aI207.42$v4",
    "701 _1 $a夏志清$Axia zhi qing$4著",
    "801 _0 $aCN$bNLC$c20051020",
)
ISBNS = "020 __ $a7309044193 :$cCNY38.00", "010 __ $a7-309-04419-3$dCNY38.00"


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


def test_the_same_book_meets_in_marc_21_and_in_cnmarc_with_its_number_and_without() -> None:
    american, chinese = title_of(one(*AMERICAN)), title_of(one(*CHINESE))
    assert rule(american, chinese) == rule(chinese, american) == Rule.SOUND
    numbered = [
        title_of(one(*record, isbn))
        for record, isbn in zip((AMERICAN, CHINESE), ISBNS, strict=True)
    ]
    assert rule(*numbered) == Rule.ISBN
    assert rule(numbered[0], chinese) == rule(american, numbered[1]) == Rule.SOUND


def test_a_library_of_congress_record_and_the_cnmarc_record_of_the_same_book_meet() -> None:
    lc = data_file("marc21/lc-books-2016-chinese.mrc.gz")
    homes: dict[str, Home] = {}
    numbers: dict[UUID, list[str]] = {}
    for number, title in enumerate(titles(lc)):
        edition = place(marks(1, UUID(int=number), title), None, homes).edition
        numbers.setdefault(edition, []).append(title.control_number)
    twins = titles(data_file("cnmarc/derived-lc-chinese-utf8.iso.gz"))
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
