"""What is remembered of one branch's questions is not what another one is told."""

from pathlib import Path
from uuid import UUID

import msgspec
import pytest

from pinakes.federation.discovery import answering
from pinakes.federation.discovery.document import Document
from pinakes.federation.discovery.index import Index
from pinakes.federation.discovery.query import Branch, Consortium, Query

HOLDERS = {1: 5, 2: 4}  # branch: titles
REACHES = (Branch(1), Branch(2), Branch(3), Consortium(7), Consortium(8))
TRUE = [{"book": 5}, {"book": 4}, {}, {"book": 9}, {}]


def told(folder: Path) -> list[dict[str, int]]:
    """What each is told of the forms of all titles, asked one after the other."""
    index = Index(folder, room=100)
    index.replace(
        Document(
            id=UUID(int=branch * 100 + number),
            title="昆虫记",
            form="book",
            consortium=7,
            branches=(branch,),
            added=number,
        )
        for branch, titles in HOLDERS.items()
        for number in range(titles)
    )
    index.commit()
    try:
        return [index.search(Query(within=one, limit=1)).facets["form"] for one in REACHES]
    finally:
        index.close()


def test_each_is_told_of_its_own_titles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answering, "MANY", 1)
    assert told(tmp_path) == TRUE


def test_a_question_remembered_without_its_branch_would_be_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answering, "MANY", 1)
    real = answering.of_every_page

    def anybodys(query: Query) -> Query:
        return msgspec.structs.replace(real(query), within=Consortium(0))

    monkeypatch.setattr(answering, "of_every_page", anybodys)
    assert told(tmp_path) != TRUE
