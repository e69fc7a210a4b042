"""A million titles that nobody wrote: Chinese, English and mixed; the same in every run."""

from functools import cache
from importlib import import_module
from random import Random
from typing import Any, NamedTuple

from pinakes.tenants.catalogue.marc import Class, Isbn, Name, Title

CHINESE, ENGLISH = 0.7, 0.2  # the rest has both
BROAD = {  # words that many titles have, and how many of them do
    "中国": 0.10, "研究": 0.08, "历史": 0.04, "文化": 0.04, "社会": 0.03, "发展": 0.03,
    "经济": 0.025, "教育": 0.025, "艺术": 0.02, "文学": 0.02, "理论": 0.02, "管理": 0.02,
    "技术": 0.017, "设计": 0.015, "方法": 0.01, "现代": 0.008, "世界": 0.006,
}  # fmt: skip
BROAD_ENGLISH = {
    "history": 0.06, "china": 0.05, "introduction": 0.04, "modern": 0.03, "world": 0.03,
    "theory": 0.02,
}  # fmt: skip
FAMILIES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕"
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰志建国文斌宇浩凯雪琳晨阳欣怡梓涵轩"
ENGLISH_FAMILIES = (
    "Smith",
    "Johnson",
    "Brown",
    "Taylor",
    "Miller",
    "Wilson",
    "Moore",
    "Clark",
    "Lewis",
    "Young",
    "Hall",
)
ENGLISH_NAMES = (
    "Anna",
    "James",
    "Mary",
    "John",
    "Emma",
    "Peter",
    "Susan",
    "David",
    "Laura",
    "Paul",
    "Helen",
    "Mark",
)
PARTS = (
    "ba",
    "ce",
    "di",
    "fo",
    "gu",
    "la",
    "me",
    "ni",
    "po",
    "ru",
    "sa",
    "te",
    "vi",
    "wo",
    "ka",
    "lo",
    "mi",
    "ne",
    "ta",
    "re",
    "con",
    "per",
    "tion",
    "ment",
    "ing",
)
FORMS = ("book",) * 17 + ("ebook", "serial", "video")
CLC = "ABCDEFGHIJKNOPQRSTUVXZ"
FIRST_YEAR = 1950


class Words(NamedTuple):
    """What titles are made of."""

    chinese: list[str]
    english: list[str]


@cache
def words() -> Words:
    """The words and idioms of the dictionary of readings, and English ones that look so."""
    phrases: dict[str, Any] = import_module("pypinyin.phrases_dict").phrases_dict
    draw = Random(1)  # noqa: S311 (made up)
    han = [one for one in phrases if 1 < len(one) < 5 and all("一" <= c <= "鿿" for c in one)]  # noqa: PLR2004
    latin = sorted({"".join(draw.choices(PARTS, k=draw.choice((2, 3, 4)))) for _ in range(9000)})
    draw.shuffle(han)
    draw.shuffle(latin)
    return Words(han, latin)


def title(draw: Random, number: int) -> Title:
    """The title of this number."""
    kind = draw.random()
    chinese = kind < CHINESE
    both = kind >= CHINESE + ENGLISH
    parts = [] if kind >= CHINESE and not both else han_words(draw)
    name = "".join(parts)
    if not chinese:
        latin = " ".join(latin_words(draw))
        name = f"{name} {latin}" if name else latin.capitalize()
    language = "chi" if chinese or both else "eng"
    letter = CLC[int(draw.random() ** 2 * len(CLC))]
    return Title(
        control_number=str(number),
        title=name,
        names=(Name(han_name(draw) if language == "chi" else latin_name(draw)),),
        publisher="北京出版社" if language == "chi" else "Bench Press",
        year=FIRST_YEAR + int(75 * draw.random() ** 0.5),
        isbn=(Isbn(isbn := f"978{number:010}", isbn),),
        subjects=(common(draw, words().chinese if language == "chi" else words().english),),
        classes=(Class("clc", f"{letter}{draw.randrange(1000) / 10}"),),
        language=language,
        form=FORMS[int(draw.random() * len(FORMS))],
    )


def han_words(draw: Random) -> list[str]:
    found = [common(draw, words().chinese) for _ in range(draw.choice((1, 2, 2, 3)))]
    return [*found, *broad(draw, BROAD)]


def latin_words(draw: Random) -> list[str]:
    found = [common(draw, words().english) for _ in range(draw.choice((2, 3, 4)))]
    return [*broad(draw, BROAD_ENGLISH), *found]


def common(draw: Random, known: list[str]) -> str:
    """Some words occur far more often than others."""
    return known[int(draw.random() ** 2 * len(known))]


def broad(draw: Random, known: dict[str, float]) -> list[str]:
    """At most one of the broad words."""
    left = draw.random()
    for word, share in known.items():
        left -= share
        if left < 0:
            return [word]
    return []


def han_name(draw: Random) -> str:
    family = FAMILIES[int(draw.random() * len(FAMILIES))]
    return family + "".join(draw.choices(GIVEN, k=1 + (draw.random() < 0.7)))  # noqa: PLR2004


def latin_name(draw: Random) -> str:
    return f"{draw.choice(ENGLISH_FAMILIES)}, {draw.choice(ENGLISH_NAMES)}"
