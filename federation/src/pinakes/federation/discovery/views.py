"""What the pages of discovery show."""

from collections.abc import Sequence
from uuid import UUID

from msgspec import Struct

from pinakes.platform.directory import Tenant
from pinakes.tenants.catalogue.marc import Title


class Shelf(Struct, frozen=True):
    """The copies of one title at one branch."""

    branch: Tenant
    call_numbers: Sequence[str]
    items: int
    available: int


class Hit(Struct, frozen=True, kw_only=True):
    """One title among the results; ``shelves`` stand nearest first, ``about`` says everything."""

    id: UUID
    about: Title
    title: str
    responsibility: str = ""
    publisher: str = ""
    year: int | None = None
    form: str = "book"
    shelves: Sequence[Shelf] = ()

    @property
    def free(self) -> list[Shelf]:
        """Where a copy can be borrowed now."""
        return [shelf for shelf in self.shelves if shelf.available]

    def at(self, branch: Tenant | None) -> Shelf | None:
        """The copies at one branch."""
        found = (shelf for shelf in self.shelves if branch and shelf.branch.id == branch.id)
        return next(found, None)


class Option(Struct, frozen=True):
    """One value of a filter, how many results it leaves, and whether it is chosen."""

    value: str
    label: str
    count: int
    chosen: bool = False


class Filter(Struct, frozen=True):
    """Options of one kind, under the name that they have in the address."""

    name: str
    options: Sequence[Option]


class Results(Struct, frozen=True, kw_only=True):
    """One page of an answer."""

    q: str
    total: int
    hits: Sequence[Hit]
    filters: Sequence[Filter] = ()
    page: int = 1
    pages: int = 1
    nearly: bool = False
    meant: str = ""

    @property
    def chosen(self) -> list[tuple[str, Option]]:
        """The filters in force."""
        return [(f.name, option) for f in self.filters for option in f.options if option.chosen]
