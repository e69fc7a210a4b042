"""A title as others cite it, and as machines read it."""

from json import loads
from uuid import UUID

import pytest

from pinakes.federation.discovery.citing import apa, gbt7714, machine_readable
from pinakes.tenants.catalogue.marc import Isbn, Name, Title

STONE = Title(
    title="红楼梦",
    subtitle="校注本",
    names=(Name("曹雪芹"), Name("高鹗")),
    edition="3版",
    place="北京",
    publisher="人民文学出版社",
    year=2008,
)
SEA = Title(
    title="The old man and the sea",
    names=(Name("Hemingway, Ernest, 1899-1961"),),
    publisher="Scribner",
    year=1952,
)
MANY = Title(title="文集", names=tuple(Name(name) for name in "甲乙丙丁"), form="serial")


@pytest.mark.parametrize(
    ("title", "chinese", "western"),
    [
        (
            STONE,
            "曹雪芹, 高鹗. 红楼梦: 校注本[M]. 3版. 北京: 人民文学出版社, 2008.",
            "曹雪芹, & 高鹗 (2008). 红楼梦: 校注本. 人民文学出版社.",
        ),
        (
            SEA,
            "Hemingway, Ernest. The old man and the sea[M]. Scribner, 1952.",
            "Hemingway, E. (1952). The old man and the sea. Scribner.",
        ),
        (MANY, "甲, 乙, 丙, 等. 文集[J].", "甲, 乙, 丙, & 丁 (n.d.). 文集."),
        (Title(title="无名氏"), "无名氏[M].", "无名氏 (n.d.)."),
        (
            Title(
                title="保险史", edition="第1版.", publisher="金融出版社 : 经销新华书店", year=1998
            ),
            "保险史[M]. 金融出版社, 1998.",
            "保险史 (1998). 金融出版社.",
        ),
    ],
)
def test_a_title_is_cited_in_two_styles(title: Title, chinese: str, western: str) -> None:
    assert (gbt7714(title), apa(title)) == (chinese, western)


def test_no_word_of_a_title_ends_the_script_that_it_stands_in() -> None:
    odd = Title(title="</script><b>&", isbn=(Isbn("x", "9787020002207"),), form="ebook")
    told = machine_readable(UUID(int=1), odd, "https://x/1", ["馆"])
    assert "<" not in told
    assert loads(told)["name"] == odd.title
    assert loads(told)["bookFormat"] == "https://schema.org/EBook"
    assert "publisher" not in loads(told)
