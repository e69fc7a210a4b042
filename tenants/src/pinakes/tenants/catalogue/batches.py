"""A file of records in portions, each small enough for one transaction."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import BinaryIO, NamedTuple

from msgspec import Struct, field

from pinakes.tenants.catalogue.marc import Broken, Dialect, Item, read
from pinakes.tenants.catalogue.packing import packed
from pinakes.tenants.catalogue.ready import DELETED, Ready, ready
from pinakes.tenants.catalogue.report import Report, add

RECORDS = 1000  # written at once, if nobody is in a hurry
PIECE = 250
BYTES = 8 << 20

type Key = tuple[bool, str]  # headings and titles have keys of their own


class How(Struct):
    """How a file is to be read; what is left out is judged record by record."""

    dialect: Dialect | None = None
    encoding: str | None = None
    profile: str | None = None  # the table that items are read by
    behind: int = 0  # so many records are in already
    trial: bool = False  # nothing stays: what each portion would leave is remembered by its keys


class Listed(NamedTuple):
    """One copy that record *ordinal* of the file tells of; it belongs to the title of *row*."""

    row: int
    ordinal: int
    form: str
    item: Item


class Portion(Struct):
    """Some records in a row, as the database takes them, and what can be told before it is asked.

    ``counts`` lacks what only the database knows: of the rows of ``titles`` and ``headings``, which
    are new, updated, unchanged. All portions of a ``group`` can be written as one: no two rows
    have the same key.
    """

    titles: list[bytes]  # rows for COPY
    headings: list[bytes]
    copies: list[Listed]
    broken: list[Broken]
    counts: Report
    position: int = 0  # in the file, in bytes
    group: int = 0
    keys: list[str] = []  # of all rows, in a trial

    def join(self, other: "Portion") -> None:
        """Take in the next of the same group."""
        self.titles += other.titles
        self.headings += other.headings
        self.copies += other.copies
        self.broken += other.broken
        self.keys += other.keys
        add(self.counts, other.counts)
        self.position = other.position


class Batch(Struct):
    """Some records in a row: the last of each key, its forerunners, and what cannot be read."""

    rows: dict[Key, Ready] = field(default_factory=dict[Key, Ready])
    before: list[Ready] = field(default_factory=list[Ready])
    broken: list[Broken] = field(default_factory=list[Broken])
    size: int = 0
    most: int = RECORDS

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
        return len(self) >= self.most or self.size >= BYTES

    def __len__(self) -> int:
        return len(self.rows) + len(self.before) + len(self.broken)


class Group(NamedTuple):
    """Batches in a row in which no key comes twice, and how many records there may be."""

    number: int
    keys: frozenset[Key]
    most: int
    size: int = 0  # bytes, of what cannot be read, too

    def next(self, batch: Batch) -> "Group":
        """The group of this batch: the same one, if there is room."""
        keys, size = self.keys | batch.rows.keys(), self.size + batch.size
        distinct = len(keys) == len(self.keys) + len(batch.rows)
        if distinct and len(keys) <= self.most and size <= BYTES:
            return self._replace(keys=keys, size=size)
        most = min(2 * self.most, RECORDS)
        return Group(self.number + 1, frozenset(batch.rows), most, batch.size)


def portions(file: BinaryIO, how: How) -> Iterator[Portion]:
    """Everything in *file*; the first groups are small, so that all that follows begins at once."""
    batch, group = Batch(most=PIECE), Group(0, frozenset(), PIECE)
    for found in read(file, dialect=how.dialect, encoding=how.encoding):
        if found.ordinal <= how.behind:
            continue
        batch.take(ready(found, how.profile))
        if batch.full:
            group = group.next(batch)
            yield portion(batch, file.tell(), group.number, keys(batch, how))
            batch = Batch(most=PIECE)
    yield portion(batch, file.tell(), group.next(batch).number, keys(batch, how))


def keys(batch: Batch, how: How) -> list[str]:
    """What a trial remembers its rows by; an import need not be told."""
    return [key for _, key in batch.rows] if how.trial else []


def portion(batch: Batch, position: int = 0, group: int = 0, keys: Sequence[str] = ()) -> Portion:
    """The batch as it is written."""
    rows = batch.rows.values()
    return Portion(
        titles=packed([row for row in rows if not row.authority]),
        headings=packed([row for row in rows if row.authority]),
        copies=[
            Listed(batch.rows[False, row.key].ordinal, row.ordinal, row.form, item)
            for row in batch.readable
            for item in row.items
        ],
        broken=batch.broken,
        counts=counts(batch),
        position=position,
        group=group,
        keys=[*keys],
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
