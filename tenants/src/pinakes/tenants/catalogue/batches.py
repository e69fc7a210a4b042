"""A file of records in portions, each small enough for one transaction."""

from collections import Counter
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from msgspec import Struct, field

from pinakes.tenants.catalogue.marc import Broken, Dialect, Item, read
from pinakes.tenants.catalogue.packing import packed
from pinakes.tenants.catalogue.ready import DELETED, Ready, ready
from pinakes.tenants.catalogue.report import Report

RECORDS = 1000
BYTES = 8 << 20

type Key = tuple[bool, str]  # headings and titles have keys of their own


class How(Struct):
    """How a file is to be read; what is left out is judged record by record."""

    dialect: Dialect | None = None
    encoding: str | None = None
    profile: str | None = None  # the table that items are read by
    behind: int = 0  # so many records are in already


class Listed(NamedTuple):
    """One copy that record *ordinal* of the file tells of; it belongs to the title of *row*."""

    row: int
    ordinal: int
    form: str
    item: Item


class Portion(Struct):
    """Some records in a row, as the database takes them, and what can be told before it is asked.

    ``counts`` lacks what only the database knows: of the rows of ``titles`` and ``headings``, which
    are new, updated, unchanged.
    """

    titles: bytes  # rows for COPY
    headings: bytes
    copies: list[Listed]
    broken: list[Broken]
    counts: Report
    position: int = 0  # in the file, in bytes


class Batch(Struct):
    """Some records in a row: the last of each key, its forerunners, and what cannot be read."""

    rows: dict[Key, Ready] = field(default_factory=dict[Key, Ready])
    before: list[Ready] = field(default_factory=list[Ready])
    broken: list[Broken] = field(default_factory=list[Broken])
    size: int = 0

    def take(self, one: Ready | Broken) -> None:
        self.size += len(one.raw)
        if isinstance(one, Broken):
            self.broken.append(one)
            return
        key = one.authority, one.key
        if key in self.rows:
            self.before.append(self.rows.pop(key))
        self.rows[key] = one

    @property
    def readable(self) -> list[Ready]:
        return [*self.before, *self.rows.values()]

    @property
    def full(self) -> bool:
        return len(self) >= RECORDS or self.size >= BYTES

    def __len__(self) -> int:
        return len(self.rows) + len(self.before) + len(self.broken)


def portions(file: BinaryIO, how: How) -> Iterator[Portion]:
    """Everything in *file*."""
    batch = Batch()
    for found in read(file, dialect=how.dialect, encoding=how.encoding):
        if found.ordinal <= how.behind:
            continue
        batch.take(ready(found, how.profile))
        if batch.full:
            yield portion(batch, file.tell())
            batch = Batch()
    yield portion(batch, file.tell())


def portion(batch: Batch, position: int = 0) -> Portion:
    """The batch as it is written."""
    rows = batch.rows.values()
    return Portion(
        titles=packed(row for row in rows if not row.authority),
        headings=packed(row for row in rows if row.authority),
        copies=[
            Listed(batch.rows[False, row.key].ordinal, row.ordinal, row.form, item)
            for row in batch.readable
            for item in row.items
        ],
        broken=batch.broken,
        counts=counts(batch),
        position=position,
    )


def counts(batch: Batch) -> Report:
    """What is told of every record of the batch, whatever the branch has already."""
    rows = batch.readable
    same = sum(batch.rows[row.authority, row.key].digest == row.digest for row in batch.before)
    return Report(
        read=len(batch),
        updated=len(batch.before) - same,  # its successor is written in its stead
        unchanged=same,
        quarantined=len(batch.broken),
        reasons=Counter(broken.reason for broken in batch.broken),
        encodings=Counter(row.encoding for row in rows),
        repairs=Counter(repair for row in rows for repair in row.repairs),
        authorities=sum(row.authority for row in rows),
        deleted=sum(row.state == DELETED for row in rows),
    )
