"""How near the order of results is to a librarian's: nDCG@10 over a judged list of our own."""

import math
from collections.abc import Sequence
from pathlib import Path
from statistics import mean
from tempfile import TemporaryDirectory
from uuid import UUID

from pinakes.federation.discovery.document import Document
from pinakes.federation.discovery.index import Index
from pinakes.federation.discovery.query import Consortium, Query
from pinakes.main.bench.judged import JUDGED, SHELF
from pinakes.main.bench.report import Result

DEPTH = 10
PLACE = Consortium(1)
TITLES = [line.partition(" | ")[0] for line in SHELF]


def ndcg() -> Result:
    """The mean over all questions."""
    with TemporaryDirectory() as folder:
        index = shelved(Path(folder))
        gains = [nearness(found(index, asked), grades(told)) for asked, told in JUDGED.items()]
        index.close()
    return Result(
        metric="ndcg_at_10", value=round(mean(gains), 4), must=0.9, goal=0.95, unit="share"
    )


def shelved(folder: Path) -> Index:
    """An index of the shelf alone."""
    index = Index(folder)
    index.replace(document(number, line) for number, line in enumerate(SHELF))
    index.commit()
    return index


def document(number: int, line: str) -> Document:
    title, names, subjects, letter = line.split(" | ")
    return Document(
        id=UUID(int=number),
        consortium=PLACE.id,
        branches=(1,),
        title=title.partition(" : ")[0],
        subtitle=title.partition(" : ")[2],
        names=tuple(names.split("; ")),
        subjects=tuple(subjects.split("; ")),
        classes=(letter,),
        added=len(SHELF) - number,
    )


def found(index: Index, asked: str) -> list[str]:
    hits = index.search(Query(within=PLACE, text=asked, limit=DEPTH), facets=False)
    return [TITLES[id.int] for id in hits.ids]


def grades(told: str) -> dict[str, int]:
    """What each title is worth: "3 these; and these | 2 those"."""
    worth: dict[str, int] = {}
    for part in told.split(" | "):
        grade, _, titles = part.partition(" ")
        worth |= dict.fromkeys(titles.split("; "), int(grade))
    return worth


def nearness(order: Sequence[str], worth: dict[str, int]) -> float:
    """What this order gives to somebody who reads from the top, over what the best order gives."""
    best = sorted(worth.values(), reverse=True)[:DEPTH]
    return gain([worth.get(title, 0) for title in order]) / gain(best)


def gain(worths: Sequence[int]) -> float:
    return sum((2.0**worth - 1) / math.log2(place + 2) for place, worth in enumerate(worths))
