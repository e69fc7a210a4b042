"""The search index: one writes, all read, and each sees only where it searches."""

from collections.abc import Iterator
from pathlib import Path
from random import Random
from time import monotonic, sleep
from uuid import UUID

import pytest

from pinakes.federation.discovery import answering, describing, editions, frequent, generations
from pinakes.federation.discovery.document import VERSION, Document
from pinakes.federation.discovery.index import Index, IndexBusy, IndexOutdated
from pinakes.federation.discovery.memory import Memory
from pinakes.federation.discovery.query import Branch, Consortium, Order, Query

BOOKS = (
    ("三国演义", "book", 1998, (1, 2)),
    ("Étude in gardens", "book", 2004, (1,)),
    ("红楼梦", "book", 1982, (2,)),
    ("昆虫记", "ebook", 2004, (1, 2, 3)),
)


def document(number: int, title: str, **more: object) -> Document:
    """A document of consortium 7 in branch 1, unless said otherwise."""
    facts = {"consortium": 7, "branches": (1,), "added": number} | more
    return Document(id=UUID(int=number), title=title, **facts)  # type: ignore[arg-type]


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    made = Index(tmp_path / "search")
    made.replace(
        document(n, title, form=form, year=year, branches=branches, language="chi", main_class="I")
        for n, (title, form, year, branches) in enumerate(BOOKS)
    )
    made.commit()
    yield made
    made.close()


def titles(index: Index, asked: Query) -> list[str]:
    return [BOOKS[id.int][0] for id in index.search(asked).ids]


def test_a_branch_finds_what_it_holds_and_no_more(index: Index) -> None:
    assert set(titles(index, Query(within=Branch(2)))) == {"三国演义", "红楼梦", "昆虫记"}
    assert titles(index, Query(within=Branch(1), text="红楼梦")) == []
    assert titles(index, Query(within=Branch(9))) == []


def test_a_consortium_finds_what_any_branch_holds(index: Index) -> None:
    assert index.search(Query(within=Consortium(7))).total == 4
    assert index.search(Query(within=Consortium(1))).total == 0


def test_without_words_what_came_last_comes_first(index: Index) -> None:
    assert titles(index, Query(within=Consortium(7)))[0] == "昆虫记"


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        (Order.TITLE, ["Étude in gardens", "红楼梦", "昆虫记", "三国演义"]),
        (Order.NEWEST, ["昆虫记", "红楼梦", "Étude in gardens", "三国演义"]),
    ],
)
def test_results_are_ordered_as_asked(index: Index, order: Order, expected: list[str]) -> None:
    assert titles(index, Query(within=Consortium(7), order=order)) == expected


@pytest.mark.parametrize("limit", [1, 3, 4, 20])
def test_facets_count_the_whole_result_on_however_many_pages(index: Index, limit: int) -> None:
    hits = index.search(Query(within=Consortium(7), limit=limit))
    assert hits.facets["form"] == {"book": 3, "ebook": 1}
    assert hits.facets["year"] == {"2004": 2, "1982": 1, "1998": 1}
    assert hits.facets["language"] == {"chi": 4}
    assert index.search(Query(within=Consortium(7)), facets=False).facets == {}


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"forms": ("ebook",)}, {"昆虫记"}),
        ({"languages": ("eng",)}, set[str]()),
        ({"classes": ("I", "J")}, {title for title, *_ in BOOKS}),
        ({"years": (2000, None)}, {"昆虫记", "Étude in gardens"}),
        ({"years": (None, 1990)}, {"红楼梦"}),
        ({"years": (1990, 2000), "forms": ("book",)}, {"三国演义"}),
    ],
)
def test_filters_narrow(
    index: Index, filters: dict[str, tuple[str, ...]], expected: set[str]
) -> None:
    asked = Query(within=Consortium(7), **filters)  # type: ignore[arg-type]
    assert set(titles(index, asked)) == expected


def test_of_equals_what_is_free_here_comes_first_then_nearby_then_anywhere(tmp_path: Path) -> None:
    free = ((), (9,), (2, 3), (8, 9), (3, 9), (1,))
    index = Index(tmp_path)
    index.replace(
        document(n, "昆虫记", branches=(1, 2, 3, 8, 9), free=at) for n, at in enumerate(free)
    )
    index.commit()
    found = index.search(Query(within=Consortium(7), text="昆虫记", near=(1, 2, 3)))
    assert [free[id.int] for id in found.ids] == [(1,), (2, 3), (3, 9), (9,), (8, 9), ()]
    index.close()


def test_every_branch_finds_a_title_by_its_own_call_numbers(tmp_path: Path) -> None:
    """Also when many hold it; but of one branch there is an end of them."""
    own = {branch: [f"I242.4/{branch}", f"Z{branch}/55"] for branch in range(100, 130)}
    own[200] = [f"Q{number}/1" for number in range(100, 999)]
    title = b'{"title": "x"}'
    rows = [(7, branch, True, numbers, title) for branch, numbers in own.items()]
    again = (7, 200, True, ["Q100/1", "Q999/1"], None)  # another record of the same branch
    index = Index(tmp_path)
    index.replace([describing.document(editions.described(UUID(int=1), [*rows, again]))])
    index.commit()

    def found(number: str, branch: int) -> int:
        return index.search(Query(within=Branch(branch), text=number)).total

    for branch in range(100, 130):
        assert [found(number, branch) for number in own[branch]] == [1, 1]
    held = [number for number in [*own[200], "Q999/1"] if found(number, 200)]
    assert held == own[200][: editions.MOST_NUMBERS]
    index.close()


@pytest.mark.parametrize("share", [0.0, 0.1, 0.9])
def test_a_word_that_many_titles_have_ranks_as_any_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, share: float
) -> None:
    draw, index = Random(3), Index(tmp_path)
    index.replace(
        document(
            number,
            f"{'法国' * draw.randrange(2)}昆虫{'记' * draw.randrange(3)}",
            subjects=("昆虫",) * draw.randrange(2),
            branches=tuple(range(1, 9)),
            free=tuple(branch for branch in range(1, 9) if draw.random() < share),
        )
        for number in range(200)
    )
    index.commit()
    pages = [
        (size, offset, near) for size in (5, 20) for offset in (0, 15) for near in ((), (1, 2))
    ]
    asked = [
        Query(within=Consortium(7), text="昆虫", near=near, limit=size, offset=offset)
        for size, offset, near in pages
    ]
    expected = [index.search(query) for query in asked]
    monkeypatch.setattr(frequent, "FREQUENT", 1)
    monkeypatch.setattr(frequent, "SPARE", 3)
    monkeypatch.setattr(frequent, "FIRST", 10)
    assert [index.search(query) for query in asked] == expected
    index.close()


def test_what_many_titles_answer_is_remembered_until_the_next_commit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answering, "MANY", 3)
    index, asked = Index(tmp_path, room=4), Query(within=Consortium(7), limit=1)
    for number in range(1, 5):
        index.replace([document(number, "昆虫记", form="book", branches=(number,))])
        index.commit()
        again = [index.search(asked) for _ in range(2)]
        assert [hits.facets["form"] for hits in again] == [{"book": number}] * 2
        assert (again[0].facets is again[1].facets) is (number >= 3)
        assert [index.where(asked).branches for _ in range(2)] == [
            dict.fromkeys(range(1, number + 1), 1)
        ] * 2
    index.close()


def test_what_lies_far_down_is_not_remembered(
    index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = list[object]()

    def keep(_: Memory, question: object, __: object) -> None:
        kept.append(question)

    monkeypatch.setattr(Memory, "keep", keep)
    monkeypatch.setattr(frequent, "FREQUENT", 1)
    for offset in (0, frequent.FIRST):
        index.search(Query(within=Consortium(7), text="昆虫", offset=offset), facets=False)
    assert len(kept) == 1


def test_what_was_asked_for_last_is_remembered() -> None:
    memory = Memory(2)
    for question in ("红", "楼"):
        memory.keep(question, 1)
    assert memory.recall("红")
    memory.keep("梦", 1)
    assert [memory.recall(question) for question in "红楼梦"] == [1, None, 1]


def test_pages_follow_one_another(index: Index) -> None:
    seen: list[UUID] = []
    offset: int | None = 0
    while offset is not None:
        hits = index.search(Query(within=Consortium(7), limit=3, offset=offset))
        seen += hits.ids
        offset = hits.next
    assert len(seen) == len(set(seen)) == 4
    assert index.search(Query(within=Consortium(7), offset=10**9, limit=10**9)).ids == ()


def test_a_document_takes_the_place_of_its_former_self(index: Index) -> None:
    index.replace([document(2, "石头记", branches=(2,)), document(3, "x", branches=())])
    index.remove([UUID(int=0)])
    assert index.search(Query(within=Consortium(7))).total == 4  # not before the commit
    index.commit()
    assert index.search(Query(within=Consortium(7), text="红楼梦")).total == 0
    assert index.search(Query(within=Consortium(7), text="石头记")).total == 1
    assert index.search(Query(within=Consortium(7))).total == 2


def test_readers_see_a_commit_of_another_process(index: Index, tmp_path: Path) -> None:
    reader = Index(tmp_path / "search")
    assert reader.search(Query(within=Branch(1))).total == 3
    index.replace([document(9, "新书")])
    index.commit()
    assert until(reader, "新书", 1)


def test_nothing_is_found_before_the_first_commit(tmp_path: Path) -> None:
    fresh = Index(tmp_path / "none")
    assert fresh.search(Query(within=Branch(1), text="x")).total == 0
    assert fresh.is_outdated()


def test_only_one_process_writes(index: Index, tmp_path: Path) -> None:
    with pytest.raises(IndexBusy):
        Index(tmp_path / "search").remove([])


def test_the_old_generation_serves_while_the_next_is_built(index: Index, tmp_path: Path) -> None:
    reader = Index(tmp_path / "search")
    following = index.rebuild()
    following.replace([document(9, "新书")])
    following.commit()
    assert reader.search(Query(within=Branch(1))).total == 3
    index.close()
    following.publish()
    assert until(reader, "新书", 1)
    assert reader.search(Query(within=Branch(1))).total == 1
    assert [path.name for path in (tmp_path / "search").glob("*.*")] == [f"{VERSION}.2"]
    following.close()


def test_a_generation_of_another_version_is_not_read(index: Index, tmp_path: Path) -> None:
    root = tmp_path / "search"
    generations.publish(root, "0.9")
    (root / "0.9").mkdir()
    (root / "0.9" / "meta.json").write_text("{}")
    reader = Index(root)
    assert reader.is_outdated()
    for _ in range(2):
        with pytest.raises(IndexOutdated, match="Rebuild"):
            reader.search(Query(within=Branch(1)))


def until(reader: Index, text: str, total: int) -> bool:
    """Wait until a reader sees it: two seconds at most."""
    end = monotonic() + 2
    while reader.search(Query(within=Branch(1), text=text)).total != total:
        if monotonic() > end:
            return False
        sleep(0.02)
    return True
