"""A file of records in portions, each small enough for one transaction."""

from collections.abc import Iterator
from typing import BinaryIO

from msgspec import Struct, field

from pinakes.tenants.catalogue.marc import Broken, Dialect, read
from pinakes.tenants.catalogue.ready import Ready, ready

RECORDS = 1000
BYTES = 8 << 20

type Key = tuple[bool, str]  # headings and titles have keys of their own


class Batch(Struct):
    """Some records in a row: the last of each key, its forerunners, and what cannot be read."""

    rows: dict[Key, Ready] = field(default_factory=dict[Key, Ready])
    before: list[Ready] = field(default_factory=list[Ready])
    broken: list[Broken] = field(default_factory=list[Broken])
    size: int = 0
    position: int = 0  # in the file, in bytes

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


def batches(
    file: BinaryIO,
    *,
    dialect: Dialect | None = None,
    encoding: str | None = None,
    profile: str | None = None,
    behind: int = 0,
) -> Iterator[Batch]:
    """Everything in *file* after its first *behind* records."""
    batch = Batch()
    for found in read(file, dialect=dialect, encoding=encoding):
        if found.ordinal <= behind:
            continue
        batch.take(ready(found, profile))
        if batch.full:
            batch.position = file.tell()
            yield batch
            batch = Batch()
    batch.position = file.tell()
    yield batch
