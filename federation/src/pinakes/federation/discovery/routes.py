"""Searching over HTTP: what one branch holds, and what all of them hold."""

from typing import Annotated
from uuid import UUID

from litestar import Controller, get
from litestar.datastructures import State
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, FromQuery, Parameter, QueryParameter
from msgspec import Struct

from pinakes.federation.discovery.index import Branch, Order, Query
from pinakes.federation.discovery.query import DEEPEST, LONGEST, Consortium
from pinakes.federation.discovery.service import Found, Full, catalogue_of
from pinakes.federation.discovery.views import Hit, Shelf
from pinakes.platform.db import public_work
from pinakes.platform.directory import Directory, Tenant
from pinakes.platform.http import Data, Here, Session
from pinakes.tenants.catalogue.marc import Title

Words = Annotated[str, Parameter(max_length=LONGEST)]
Choice = Annotated[list[str] | None, QueryParameter(max_items=20)]
Year = Annotated[int | None, Parameter(ge=-9999, le=9999)]
Size = Annotated[int, Parameter(ge=1, le=100)]
Offset = Annotated[int, Parameter(ge=0, le=DEEPEST)]
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
    """One page of titles; ``next`` is the ``offset`` of the next page."""

    items: list[HitView]
    next: int | None
    total: int
    facets: dict[str, dict[str, int]]


class EditionView(Struct):
    """One title with everything that is known of it."""

    id: UUID
    title: Title
    record: UUID | None  # of the branch in ``near``
    holdings: list[ShelfView]


def shelf_view(shelf: Shelf) -> ShelfView:
    branch = shelf.branch
    numbers = list(shelf.call_numbers)
    return ShelfView(
        branch.code, branch.name_zh, branch.name_en, numbers, shelf.items, shelf.available
    )


def hit_view(hit: Hit) -> HitView:
    fields = {name: getattr(hit, name) for name in HitView.__struct_fields__ if name != "holdings"}
    return HitView(**fields, holdings=[shelf_view(shelf) for shelf in hit.shelves])


def answer(found: Found) -> Answer:
    hits = [hit_view(hit) for hit in found.hits]
    return Answer(hits, found.next, found.total, found.facets)


def edition_view(full: Full) -> EditionView:
    holdings = [shelf_view(shelf) for shelf in full.hit.shelves]
    return EditionView(full.hit.id, full.title, full.record, holdings)


class Question(Struct, kw_only=True):
    """What is asked, of nobody in particular yet."""

    q: str
    form: list[str]
    language: list[str]
    classes: list[str]
    years: tuple[int | None, int | None]
    order: Order
    limit: int
    offset: int

    def within(self, reach: Branch | Consortium) -> Query:
        return Query(
            within=reach,
            text=self.q,
            forms=tuple(self.form),
            languages=tuple(self.language),
            classes=tuple(self.classes),
            years=self.years,
            order=self.order,
            limit=self.limit,
            offset=self.offset,
        )


async def question(  # noqa: PLR0913, PLR0917 (each is one thing that a reader may choose)
    q: FromQuery[Words] = "",
    form: FromQuery[Choice] = None,
    language: FromQuery[Choice] = None,
    classes: Annotated[list[str] | None, QueryParameter(name="class", max_items=20)] = None,
    year_from: FromQuery[Year] = None,
    year_to: FromQuery[Year] = None,
    order: FromQuery[Order] = Order.RELEVANCE,
    limit: FromQuery[Size] = 20,
    offset: FromQuery[Offset] = 0,
) -> Question:
    """The question of the address."""
    return Question(
        q=q,
        form=form or [],
        language=language or [],
        classes=classes or [],
        years=(year_from, year_to),
        order=order,
        limit=limit,
        offset=offset,
    )


Asked = NamedDependency[Question]


def nearest(state: State, near: str | None) -> Tenant | None:
    """The branch whose code was given, or NoSuchTenant."""
    directory: Directory = state.directory
    return directory.coded(near) if near else None


class BranchSearch(Controller):
    path = "/catalogue"
    tags = ["search"]
    dependencies = {"question": Provide(question)}

    @get("/search")
    async def search(self, question: Asked, state: State, session: Session, here: Here) -> Answer:
        """Search what this branch holds; anybody may."""
        query = question.within(Branch(here.id))
        return answer(await catalogue_of(state).search(session, query, here))


class Search(Controller):
    path = "/catalogue"
    tags = ["search"]
    dependencies = {"question": Provide(question)}

    @get("/search")
    async def search(
        self, question: Asked, state: State, database: Data, near: FromQuery[Code] = None
    ) -> Answer:
        """Search what any branch holds, its shelves sorted from the branch *near*."""
        catalogue, branch = catalogue_of(state), nearest(state, near)
        query = question.within(catalogue.consortium(branch))
        async with public_work(database.app) as session:
            return answer(await catalogue.search(session, query, branch))

    @get("/editions/{id:uuid}")
    async def edition(
        self, id: FromPath[UUID], state: State, database: Data, near: FromQuery[Code] = None
    ) -> EditionView:
        """One title, and where it stands, nearest first."""
        branch = nearest(state, near)
        async with public_work(database.app) as session:
            return edition_view(await catalogue_of(state).edition(session, id, branch))
