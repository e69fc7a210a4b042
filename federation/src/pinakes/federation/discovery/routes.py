"""Searching over HTTP: what one branch holds, and what all of them hold."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from litestar import Controller, get
from litestar.datastructures import State
from litestar.di import Provide
from litestar.params import FromPath, FromQuery, Parameter
from msgspec import Struct

from pinakes.federation.discovery.answering import Where
from pinakes.federation.discovery.asking import Asked, Words, question
from pinakes.federation.discovery.query import Branch
from pinakes.federation.discovery.service import Found, Full, catalogue_of
from pinakes.federation.discovery.suggesting import Suggestion
from pinakes.federation.discovery.views import Hit, Shelf
from pinakes.platform.directory import Directory, Tenant
from pinakes.platform.http import Here
from pinakes.tenants.catalogue.marc import Title

Code = Annotated[str | None, Parameter(max_length=40)]


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


def nearest(state: State, near: str | None) -> Tenant | None:
    """The branch whose code was given, or NoSuchTenant."""
    directory: Directory = state.directory
    return directory.coded(near) if near else None


def where_view(where: Where, directory: Directory) -> WhereView:
    codes = {directory.ids[id].code: n for id, n in where.branches.items() if id in directory.ids}
    return WhereView(codes, where.available)


class BranchSearch(Controller):
    path = "/catalogue"
    tags = ["search"]
    dependencies = {"question": Provide(question)}

    @get("/search")
    async def search(self, question: Asked, state: State, here: Here) -> Answer:
        """Search what this branch holds; anybody may."""
        query = question.within(Branch(here.id), state.directory)
        return answer(await catalogue_of(state).search(query, here))

    @get("/facets")
    async def facets(self, question: Asked, state: State, here: Here) -> WhereView:
        """Of what a search finds at this branch: who else holds it, what can be borrowed here."""
        query = question.within(Branch(here.id), state.directory)
        return where_view(await catalogue_of(state).where(query), state.directory)

    @get("/suggestions")
    async def suggestions(self, state: State, here: Here, q: FromQuery[Words] = "") -> Suggestions:
        """How what somebody is typing may go on, in the words of what this branch holds."""
        return suggested(await catalogue_of(state).suggest(Branch(here.id), q))


class Search(Controller):
    path = "/catalogue"
    tags = ["search"]
    dependencies = {"question": Provide(question)}

    @get("/search")
    async def search(self, question: Asked, state: State, near: FromQuery[Code] = None) -> Answer:
        """Search what any branch holds, its shelves sorted from the branch *near*."""
        catalogue, branch = catalogue_of(state), nearest(state, near)
        query = question.within(catalogue.consortium(branch), state.directory)
        return answer(await catalogue.search(query, branch))

    @get("/facets")
    async def facets(
        self, question: Asked, state: State, near: FromQuery[Code] = None
    ) -> WhereView:
        """Of what a search finds: how much each branch holds, how much can be borrowed now."""
        catalogue = catalogue_of(state)
        query = question.within(catalogue.consortium(nearest(state, near)), state.directory)
        return where_view(await catalogue.where(query), state.directory)

    @get("/suggestions")
    async def suggestions(
        self, state: State, q: FromQuery[Words] = "", near: FromQuery[Code] = None
    ) -> Suggestions:
        """How what somebody is typing may go on, in the words of the catalogue."""
        catalogue = catalogue_of(state)
        return suggested(await catalogue.suggest(catalogue.consortium(nearest(state, near)), q))

    @get("/editions/{id:uuid}")
    async def edition(
        self, id: FromPath[UUID], state: State, near: FromQuery[Code] = None
    ) -> EditionView:
        """One title, and where it stands, nearest first; ``keeper`` is whose record it is."""
        branch = nearest(state, near)
        return edition_view(await catalogue_of(state).edition(id, branch))
