"""What travels over HTTP about the public catalogue."""

from collections.abc import Sequence
from uuid import UUID

from msgspec import Struct

from pinakes.federation.discovery.answering import Where
from pinakes.federation.discovery.service import Found, Full
from pinakes.federation.discovery.suggesting import Suggestion
from pinakes.federation.discovery.views import Hit, Shelf
from pinakes.platform.directory import Directory
from pinakes.tenants.catalogue.marc import Title


class ShelfView(Struct):
    """The copies of one title at one branch."""

    branch: str
    name_zh: str
    name_en: str
    call_numbers: list[str]
    items: int
    available: int


class HitView(Struct):
    """One title of an answer."""

    id: UUID
    title: str
    responsibility: str
    publisher: str
    year: int | None
    form: str
    holdings: list[ShelfView]


class Answer(Struct):
    """One page of titles; ``next`` is the ``offset`` of the next page.

    ``nearly``: nothing has just these words, these titles have nearly the same; ``did_you_mean``
    is the question with theirs.
    """

    items: list[HitView]
    next: int | None
    total: int
    facets: dict[str, dict[str, int]]
    nearly: bool
    did_you_mean: str | None


class WhereView(Struct):
    """How many of the titles found each branch holds, and how many can be borrowed now."""

    branch: dict[str, int]
    available: int


class SuggestionView(Struct):
    """Words to ask for, and what they are: title, name or subject."""

    text: str
    kind: str


class Suggestions(Struct):
    """What somebody who types may mean, likeliest first; there are no more."""

    items: list[SuggestionView]
    next: None = None


class EditionView(Struct):
    """One title with everything that is known of it."""

    id: UUID
    title: Title
    record: UUID | None  # of the branch in ``near``
    keeper: str
    rule: str
    holdings: list[ShelfView]


class Placement(Struct):
    """The title that a record belongs to from now on; search shows it within two seconds."""

    record: UUID
    edition: UUID


def shelf_view(shelf: Shelf) -> ShelfView:
    branch = shelf.branch
    numbers = list(shelf.call_numbers)
    return ShelfView(
        branch.code, branch.name_zh, branch.name_en, numbers, shelf.items, shelf.available
    )


def hit_view(hit: Hit) -> HitView:
    return HitView(
        hit.id,
        hit.title,
        hit.responsibility,
        hit.publisher,
        hit.year,
        hit.form,
        [shelf_view(shelf) for shelf in hit.shelves],
    )


def answer(found: Found) -> Answer:
    hits = [hit_view(hit) for hit in found.hits]
    meant = found.meant or None
    return Answer(hits, found.next, found.total, found.facets, found.nearly, meant)


def suggested(found: Sequence[Suggestion]) -> Suggestions:
    return Suggestions([SuggestionView(one.text, one.kind) for one in found])


def edition_view(full: Full) -> EditionView:
    holdings = [shelf_view(shelf) for shelf in full.hit.shelves]
    keeper = full.keeper.code
    return EditionView(full.hit.id, full.title, full.record, keeper, full.rule, holdings)


def where_view(where: Where, directory: Directory) -> WhereView:
    codes = {directory.ids[id].code: n for id, n in where.branches.items() if id in directory.ids}
    return WhereView(codes, where.available)
