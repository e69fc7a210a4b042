"""The public catalogue, as a graph."""

from collections.abc import Sequence
from typing import Any, Self
from uuid import UUID

import strawberry
from msgspec.structs import asdict
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.federation.discovery import copies as lent
from pinakes.federation.discovery.editions import Whole, editions
from pinakes.federation.discovery.query import (
    DEEPEST,
    LONGEST,
    Branch,
    Consortium,
    Order,
    Query,
)
from pinakes.federation.discovery.service import Found, PublicCatalogue, catalogue_of
from pinakes.federation.discovery.views import Hit, Shelf
from pinakes.platform.directory import NoSuchTenant, Tenant
from pinakes.platform.graphql import Info, length
from pinakes.platform.paging import Page

type Reach = Branch | Consortium

MOST = 50

strawberry.enum(Order, name="SearchOrder")


async def wholes(session: AsyncSession, asked: list[tuple[UUID, int]]) -> list[Whole | None]:
    """Editions, each as the branch beside its id has it (one request asks for one branch)."""
    raw = await (await session.connection()).get_raw_connection()
    reader: Any = raw.driver_connection
    found = await editions(reader, [id for id, _ in asked], asked[0][1])
    return [found.get(id) for id, _ in asked]


@strawberry.type
class Holding:
    """The copies of one title at one branch."""

    branch: str
    name_zh: str
    name_en: str
    call_numbers: list[str]
    items: int
    available: int

    @classmethod
    def of(cls, shelf: Shelf) -> Self:
        return cls(
            branch=shelf.branch.code,
            name_zh=shelf.branch.name_zh,
            name_en=shelf.branch.name_en,
            call_numbers=list(shelf.call_numbers),
            items=shelf.items,
            available=shelf.available,
        )


@strawberry.type
class Edition:
    """One title of the consortium, whoever holds it."""

    id: UUID
    title: str
    responsibility: str
    publisher: str
    year: int | None
    form: str
    names: list[str]
    isbn: list[str]  # those whose check digit is right, as 13 digits
    language: str
    subjects: list[str]
    class_numbers: list[str]
    shelves: strawberry.Private[list[Shelf]]

    @classmethod
    def of(cls, hit: Hit) -> Self:
        return cls(
            id=hit.id,
            title=hit.title,
            responsibility=hit.responsibility,
            publisher=hit.publisher,
            year=hit.year,
            form=hit.form,
            names=[name.name for name in hit.about.names],
            isbn=[one.isbn13 for one in hit.about.isbn if one.isbn13],
            language=hit.about.language,
            subjects=list(hit.about.subjects),
            class_numbers=[one.number for one in hit.about.classes],
            shelves=list(hit.shelves),
        )

    @strawberry.field
    def holdings(self, first: int = 20, offset: int = 0) -> list[Holding]:
        """Where it stands, nearest first, from behind so many: 50 at most."""
        return [Holding.of(shelf) for shelf in some(self.shelves, first, offset)]

    @strawberry.field
    def libraries(self) -> int:
        """How many branches hold it."""
        return len(self.shelves)


@strawberry.type
class Copy:
    """One copy or volume that its branch lends; its ids together name it in a request."""

    owner: str
    record: UUID
    item: UUID
    call_number: str
    location: str | None
    copy: str | None
    available: bool


@strawberry.type
class Copies:
    """Some of a branch's copies of a title; ``next``: behind what to go on."""

    items: list[Copy]
    next: str | None

    @classmethod
    def of(cls, page: Page[lent.Copy]) -> Self:
        return cls(items=[Copy(**asdict(one)) for one in page.items], next=page.next)


@strawberry.type
class Count:
    """One value of a facet, and how many titles of the answer have it."""

    value: str
    count: int


@strawberry.type
class Facet:
    """form, language, class or year; the most frequent values first."""

    name: str
    values: list[Count]


@strawberry.type
class Answer:
    """What a search found; ``nearly``: nothing has just these words, but nearly the same."""

    total: int
    titles: list[Edition]
    next: int | None  # the offset of the next page
    nearly: bool
    did_you_mean: str | None
    facets: list[Facet]
    asked: strawberry.Private[Query]

    @strawberry.field
    async def holders(self, info: Info, first: int = 20, offset: int = 0) -> list[Count]:
        """How many of the titles each branch holds, from behind so many branches: 50 at most.

        The most first; dearer than the facets.
        """
        catalogue = of(info)
        known, ids = (await catalogue.where(self.asked)).branches, catalogue.directory.ids
        counts = {ids[id].code: count for id, count in known.items() if id in ids}
        most = sorted(counts.items(), key=lambda told: (-told[1], told[0]))
        return [Count(value=code, count=count) for code, count in some(most, first, offset)]

    @strawberry.field
    async def available(self, info: Info) -> int:
        """How many of the titles can be borrowed now; dearer than the facets."""
        return (await of(info).where(self.asked)).available

    @classmethod
    def of(cls, found: Found, asked: Query) -> Self:
        facets = [
            Facet(name=name, values=[Count(value=value, count=n) for value, n in counts.items()])
            for name, counts in found.facets.items()
        ]
        return cls(
            total=found.total,
            titles=[Edition.of(hit) for hit in found.hits],
            next=found.next,
            asked=asked,
            nearly=found.nearly,
            did_you_mean=found.meant or None,
            facets=facets,
        )


@strawberry.type
class Suggestion:
    """Words to ask for, and what they are: title, name or subject."""

    text: str
    kind: str


@strawberry.type
class DiscoveryQueries:
    @strawberry.field
    async def search(  # noqa: PLR0913, PLR0917 (each is one thing that a reader may choose)
        self,
        info: Info,
        q: str,
        first: int = 20,
        branch: str | None = None,
        form: str | None = None,
        language: str | None = None,
        main_class: str | None = None,
        year_from: int | None = None,
        year_to: int | None = None,
        library: str | None = None,
        available: bool = False,
        order: Order = Order.RELEVANCE,
        offset: int = 0,
    ) -> Answer | None:
        """Titles, 50 at most, best first: of all branches, or of one (null: there is none)."""
        catalogue, here = of(info), info.context.here
        within, held = reach(catalogue, here, branch), reach(catalogue, here, library)
        if within is None or held is None:
            return None
        query = Query(
            within=within,
            text=q[:LONGEST],
            forms=chosen(form),
            languages=chosen(language),
            classes=chosen(main_class),
            years=(year_from, year_to),
            branches=(held.id,) if isinstance(held, Branch) else (),
            available=available,
            order=order,
            limit=length(first, MOST),
            offset=length(offset, DEEPEST),
        )
        return Answer.of(await catalogue.search(query, here), query)

    @strawberry.field
    async def suggestions(
        self, info: Info, q: str, branch: str | None = None
    ) -> list[Suggestion] | None:
        """How what somebody is typing may go on (null: there is no such branch)."""
        within = reach(of(info), info.context.here, branch)
        if within is None:
            return None
        found = await of(info).suggest(within, q[:LONGEST])
        return [Suggestion(text=one.text, kind=one.kind) for one in found]

    @strawberry.field
    async def edition(self, info: Info, id: UUID) -> Edition | None:
        """One title by its id."""
        here = info.context.here
        whole = await info.context.load(wholes, (id, here.id))
        return Edition.of(of(info).hit(whole, here)) if whole else None

    @strawberry.field
    async def copies(
        self, info: Info, edition: UUID, library: str, after: str | None = None, limit: int = 50
    ) -> Copies:
        """The copies and volumes of a title that a branch lends, first come, first told."""
        most = max(length(limit, MOST), 1)
        found = await lent.some(of(info), edition, library, after=after, limit=most)
        return Copies.of(found)


def some[T](rows: Sequence[T], first: int, offset: int) -> Sequence[T]:
    """The *first* ones behind the *offset*."""
    begin = max(offset, 0)
    return rows[begin : begin + length(first, MOST)]


def chosen(value: str | None) -> tuple[str, ...]:
    return (value[:LONGEST],) if value else ()


def reach(catalogue: PublicCatalogue, here: Tenant, branch: str | None) -> Reach | None:
    """Where to search; None for the code of no branch."""
    if branch is None:
        return catalogue.consortium(here)
    try:
        return Branch(catalogue.directory.coded(branch).id)
    except NoSuchTenant:
        return None


def of(info: Info) -> PublicCatalogue:
    """The public catalogue of the application that is asked."""
    return catalogue_of(info.context.state)
