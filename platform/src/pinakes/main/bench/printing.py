"""A batch of made-up titles as every side of ``bench search`` wants them; in processes beside."""

import gc
from collections.abc import Sequence
from random import Random
from typing import NamedTuple
from uuid import UUID

import msgspec

from pinakes.federation.discovery.describing import document
from pinakes.federation.discovery.document import prepared
from pinakes.federation.discovery.editions import Known
from pinakes.main.bench.titles import title
from pinakes.platform import text
from pinakes.tenants.catalogue.marc import Title

BATCH = 5_000
BRANCHES = 100
SEED = 20_260
FREE = 0.8  # of the copies


class Made(NamedTuple):
    """One title, and the branches that hold it and have it to borrow."""

    number: int
    title: Title
    branches: list[int]
    free: list[int]

    @property
    def id(self) -> UUID:
        return UUID(int=self.number << 80 | self.number)


class Batch(NamedTuple):
    """Lines for COPY, what the index is told, and how many titles hold each string looked for."""

    editions: bytes
    holdings: bytes
    yardstick: bytes
    documents: list[str]
    found: list[int]


def made(batch: int) -> list[Made]:
    """The titles of this batch: the same in every run."""
    draw = Random(SEED + batch)  # noqa: S311 (made up)
    titles: list[Made] = []
    for number in range(batch * BATCH, (batch + 1) * BATCH):
        branches = draw.sample(range(1, BRANCHES + 1), draw.choice((1, 1, 2)))
        free = [branch for branch in branches if draw.random() < FREE]
        titles.append(Made(number, title(draw, number), branches, free))
    return titles


def printed(order: tuple[int, Sequence[str], bool]) -> Batch:
    """One batch for everybody; without documents when the index is there already."""
    batch, looked_for, indexed = order
    gc.disable()  # nothing here goes in circles
    titles = made(batch)
    plain = [folded(one.title) for one in titles]
    return Batch(
        b"".join([edition(one) for one in titles]),
        b"".join([holdings(one) for one in titles]),
        b"".join([yardstick(one) for one in titles]),
        [] if indexed else [prepared(document(known(one))) for one in titles],
        [sum([string in text for text in plain]) for string in looked_for],
    )


def folded(title: Title) -> str:
    """Everything that words are looked for in."""
    values = (title.title, *[name.name for name in title.names], *title.subjects)
    return "\n".join([text.fold(value) for value in values])


def known(one: Made) -> Known:
    return Known(one.id, 1, [one.title], one.branches, one.free, [])


def edition(one: Made) -> bytes:
    return f"{one.id}\t1\n".encode()


def holdings(one: Made) -> bytes:
    fields = msgspec.json.encode(one.title).decode()
    return "".join(
        [
            f"{branch}\t{UUID(int=one.id.int + branch)}\t{one.id}\t{fields}\t"
            f"{{I247/{one.number}}}\t1\t{int(branch in one.free)}\n"
            for branch in one.branches
        ]
    ).encode()


def yardstick(one: Made) -> bytes:
    """For PostgreSQL's own full text: the words of the same fields, title first."""
    said: list[str] = []
    for run, cjk in text.runs(folded(one.title)):
        said += text.words(run) if cjk else [run]
    vector = " ".join([f"'{word}':{place}" for place, word in enumerate(said, 1)])
    title = one.title
    letter = title.classes[0].number[0]
    return f"{one.id}\t{title.form}\t{title.language}\t{letter}\t{vector}\n".encode()
