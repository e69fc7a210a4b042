"""What readers type, and what they should find first."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from random import Random
from uuid import UUID

import pytest

from pinakes.federation.discovery.document import SCHEMA, Document
from pinakes.federation.discovery.index import Index
from pinakes.federation.discovery.matching import BEGINNINGS, MOST_BEGINNING, Matcher
from pinakes.federation.discovery.query import MOST_CLAUSES, Branch, Query
from pinakes.main.demo.marc_books import book

HAN = frozenset(map(chr, range(0x4E00, 0xA000)))
SHELF = [  # title, names, subjects, numbers, classes
    ("红楼梦", "曹雪芹", "章回小说", "978-7-02-000220-7", "I242.4"),
    ("红楼梦研究", "俞平伯", "红楼梦--文学研究", "", "I207.411"),
    ("石头记索隐", "蔡元培", "红楼梦--文学研究", "", "I207.411"),
    ("三国演义", "罗贯中", "章回小说", "", "I242.4"),
    ("水滸傳", "施耐庵", "章回小說", "", "I242.4"),
    ("现代汉语词典", "", "汉语--词典", "", "H164"),
    ("Ḥasidic thought : études", "Dürer, Étienne", "Hasidism", "0-306-40615-2", "B985"),
    ("重庆史话", "单田芳", "地方史", "", "K297.19"),
    ("C语言程序设计", "谭浩强", "C语言", "", "TP312"),
    ("韩慕侠传", "佚名", "传记", "", "K825"),
    ("鲁迅小说全编", "鲁迅", "小说集", "", "I210.6"),
    ("鲁迅传", "林志浩", "鲁迅--传记", "", "K825.6"),
    ("茶经", "陆羽", "茶文化", "", "TS971"),
    ("中国茶文化", "王玲", "茶文化", "", "TS971"),
    ("1984", "Orwell, George", "Dystopias", "", "I561.4"),
    ("The old man and the sea", "Hemingway, Ernest", "Fishing", "", "I712.4"),
    ("Fishing for beginners", "Sea, Ann", "Fishing", "", "G897"),
    ("Война и мир", "Толстой, Лев", "", "", "I512.4"),
    ("नेपाली भाषा", "", "", "", "H7"),
    ("西安城墙", "", "", "", "K928"),
    ("历史研究", "", "", "0447-662X", "K05"),
    ("Tang poems", "", "", "", "PL2658.E3 H819 1998"),
    ("Song lyrics", "", "", "", "895.113 H37"),
    ("Daily life", "", "", "", "306.2/71"),
    ("Wide signs", "", "", "", "Ｚ９８７６／５５"),
]
ASKED = {  # the question, and what must come first; nothing for no result at all
    "红楼": "红楼梦",
    "楼梦": "红楼梦",
    "红楼梦": "红楼梦",
    "紅樓夢": "红楼梦",
    "hongloumeng": "红楼梦",
    "hong lou meng": "红楼梦",
    "HongLou meng": "红楼梦",
    "hlm": "红楼梦",
    "hlmyj": "红楼梦研究",
    "sgyy": "三国演义",
    "水浒传": "水滸傳",
    "chongqing": "重庆史话",
    "zhongqing": None,
    "xi'an": "西安城墙",
    "xian": "西安城墙",
    "研究红楼梦": "红楼梦研究",
    "红楼梦 蔡元培": "石头记索隐",
    "鲁迅": "鲁迅传",
    "author:鲁迅": "鲁迅小说全编",
    "作者：luxun": "鲁迅小说全编",
    "subject:鲁迅": "鲁迅传",
    "鲁迅的小说": "鲁迅小说全编",
    "韩慕侠": "韩慕侠传",
    "慕侠": "韩慕侠传",
    "茶": "茶经",
    "茶经": "茶经",
    "c语言": "C语言程序设计",
    "Ｃ语言": "C语言程序设计",
    "语言程序": "C语言程序设计",
    "“茶文化”": "中国茶文化",
    "title:“文化茶”": None,
    "978-7-02-000220-7": "红楼梦",
    "7 02 000220 X": "红楼梦",
    "702000220x": "红楼梦",
    "isbn:9787020002207": "红楼梦",
    "ISBN 978-7-02-000220-7": "红楼梦",
    "ISBN-13: 9787020002207": "红楼梦",
    "isbn7-02-000220-x": "红楼梦",
    "9787020002207 (平装) :": "红楼梦",
    "978‑7‑02‑000220‑7": "红楼梦",
    "ISSN 0447-662X": "历史研究",
    "国际标准书号 978-7-02-000220-7": "红楼梦",
    "国际标准书号：7020002202": None,
    "国际标准刊号 0447-662X": "历史研究",
    "306406152": "Ḥasidic thought : études",
    "306-40615-2": "Ḥasidic thought : études",
    "SBN 306 40615 2": "Ḥasidic thought : études",
    "红\u200b楼\u00ad梦": "红楼梦",
    "0306406152": "Ḥasidic thought : études",
    "class:I242": "红楼梦",
    "hasidic": "Ḥasidic thought : études",
    "etienne durer": "Ḥasidic thought : études",
    "ÉTUDES": "Ḥasidic thought : études",
    "1984": "1984",
    "the old man and the sea": "The old man and the sea",
    "sea": "The old man and the sea",
    "fishing": "Fishing for beginners",
    '"old man"': "The old man and the sea",
    '"man old"': None,
    "война": "Война и мир",
    "भाषा": "नेपाली भाषा",
    "没有这本书": None,
}

SLIPS = {  # a question with a mistake; what was meant; what must come first
    "hongloumemg": ("红楼梦", "红楼梦"),
    "hongluomeng": ("红楼梦", "红楼梦"),
    "红搂梦": ("红楼梦", "红楼梦"),
    "三国演议": ("三国演义", "三国演义"),
    "caoxueqing": ("曹雪芹", "红楼梦"),
    "谭号强": ("谭浩强", "C语言程序设计"),
    "Hemmingway": ("Hemingway", "The old man and the sea"),
    "old man Hemingwya": ("old man Hemingway", "The old man and the sea"),
    "fishing's beginners": (None, "Fishing for beginners"),
    "l'old d'man": (None, "The old man and the sea"),
    "beginers": ("beginners", "Fishing for beginners"),
    "author:Orwel": ("Orwell", "1984"),
    "Толстои": ("Толстой", "Война и мир"),
    "978-7-02-000220-8": (None, None),  # numbers are meant as they are
    "“红搂梦”": (None, None),
}
BEGUN = {  # what is typed so far, and what must be suggested first
    "红": "红楼梦",
    "红楼": "红楼梦",
    "紅樓": "红楼梦",
    "hongl": "红楼梦",
    "hl": "红楼梦",
    "caox": "曹雪芹",
    "曹雪": "曹雪芹",
    "the old m": "The old man and the sea",
    "hem": "Hemingway, Ernest",
    "fish": "Fishing for beginners",
    "fishing": "Fishing",
    "章回": "章回小说",
    "h": None,
    "zzz": None,
    "": None,
}
CALLS = {
    "I242.4/12 C1": "红楼梦",
    "call:i242.4/12": "红楼梦",
    "索书号：I242.4/1": "红楼梦",
    "PL2658.E3 H819 1998": "Tang poems",
    "PL 2658": "Tang poems",
    "pl2658 .e3 h819": "Tang poems",
    "895.113": "Song lyrics",
    "895/.1/13": "Song lyrics",
    "895.113 H37": "Song lyrics",
    "class:895/.113": "Song lyrics",
    "306.2/7": "Daily life",
    "Ｉ２４２．４／１２": "红楼梦",
    "I242.4／12": "红楼梦",
    "call:Ｉ２４２．４／１２": "红楼梦",
    "I 242.4/12": "红楼梦",
    "索取号：“I 242.4/12”": "红楼梦",
    "Z9876/55": "Wide signs",
}


def document(number: int, row: tuple[str, ...]) -> Document:
    title, names, subjects, isbn, number_of_class = row
    return Document(
        id=UUID(int=number),
        consortium=1,
        branches=(1,),
        title=title.partition(" : ")[0],
        subtitle=title.partition(" : ")[2],
        names=(names,) if names else (),
        subjects=(subjects,) if subjects else (),
        numbers=(isbn,) if isbn else (),
        classes=(number_of_class, f"{number_of_class}/12 C1"),
        added=len(SHELF) - number,
    )


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    made = Index(tmp_path_factory.mktemp("search"))
    made.replace(document(number, row) for number, row in enumerate(SHELF))
    made.commit()
    yield made
    made.close()


@pytest.mark.parametrize("asked", ASKED)
def test_the_right_title_comes_first(index: Index, asked: str) -> None:
    found = [SHELF[id.int][0] for id in index.search(Query(within=Branch(1), text=asked)).ids]
    assert (found[0] if found else None) == ASKED[asked]


@pytest.mark.parametrize("asked", SLIPS)
def test_a_slip_of_the_keys_finds_what_was_meant(index: Index, asked: str) -> None:
    hits = index.search(Query(within=Branch(1), text=asked))
    first = SHELF[hits.ids[0].int][0] if hits.ids else None
    assert (hits.meant or None, first) == SLIPS[asked]
    assert hits.nearly is (first is not None)


@pytest.mark.parametrize("typed", BEGUN)
def test_what_is_typed_goes_on_by_itself(index: Index, typed: str) -> None:
    found = index.suggest(Branch(1), typed)
    assert (found[0].text if found else None) == BEGUN[typed]
    assert index.suggest(Branch(2), typed) == []


@pytest.mark.parametrize("asked", CALLS)
def test_a_call_number_is_found_by_its_beginning(index: Index, asked: str) -> None:
    assert SHELF[index.search(Query(within=Branch(1), text=asked)).ids[0].int][0] == CALLS[asked]


@pytest.mark.parametrize(
    "odd",
    [
        "",
        "   ",
        '"',
        '""',
        "title:",
        "a:b:c",
        "AND OR NOT ((",
        "\x00\x01\x1d",
        "***",
        "title:[a TO z]^3~",
        "isbn:",
        "isbn:---",
        "class:",
        "\\",
        "to",
        "TO",
        "class:to",
        "class:TO",
        "_",
        "ß",
        "ǅ",
        "𠮷" * 300,
        "红" * 2000,
        "an" * 400,
        "xian " * 200,
        "﷽" * 100,
        "\ud800",
        "a\u0301" * 400,
        "：“",
    ],
)
def test_no_question_is_too_odd(index: Index, odd: str) -> None:
    index.search(Query(within=Branch(1), text=odd))
    index.suggest(Branch(1), odd)


def test_random_questions_never_fail(index: Index) -> None:
    draw = Random(7)
    letters = '红楼梦abc :"“”*()[]-0123456789Xé\u0301\u3000\n\x00𠮷'
    for _ in range(2000):
        asked = "".join(draw.choices(letters, k=draw.randrange(40)))
        index.search(Query(within=Branch(1), text=asked))


@pytest.mark.parametrize("between", [" ", ","])
def test_words_without_end_are_not_all_looked_for(between: str) -> None:
    """Each character that stands alone looks through all the words of three fields."""
    matcher, typed = Matcher(SCHEMA), f"一{between}" * 250
    begun = matcher.beginning(Branch(1), typed)
    asked = Query(within=Branch(1), text=typed)
    assert repr(begun).count("RangeQuery") <= 3 * MOST_BEGINNING + len(BEGINNINGS)
    for found in (matcher.query(asked), matcher.loose_query(asked)):
        assert 0 < repr(found.plain).count("RangeQuery") <= 3 * MOST_CLAUSES


def test_every_two_characters_of_a_title_find_it(tmp_path: Path) -> None:
    titles = [f"{one.title} {one.author}" for n in range(400) if (one := book(n, 5))]
    index = Index(tmp_path)
    index.replace(
        Document(id=UUID(int=n), consortium=1, branches=(1,), title=title, added=n)
        for n, title in enumerate(titles)
    )
    index.commit()
    pairs = {a + b for title in titles for a, b in pairwise(title) if HAN.issuperset(a + b)}
    asked = Random(1).sample(sorted(pairs), 200)
    for pair in asked:
        truth = sum(pair in title for title in titles)
        assert index.search(Query(within=Branch(1), text=pair), facets=False).total == truth, pair
    index.close()
