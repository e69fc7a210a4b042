"""Searching over HTTP: what one branch holds, and what all of them hold."""

from typing import Annotated
from uuid import UUID

from litestar import Controller, get
from litestar.datastructures import State
from litestar.di import Provide
from litestar.params import FromPath, FromQuery, Parameter

from pinakes.federation.discovery import copies
from pinakes.federation.discovery.asking import Asked, Words, question
from pinakes.federation.discovery.query import Branch
from pinakes.federation.discovery.schemas import (
    Answer,
    EditionView,
    Suggestions,
    WhereView,
    answer,
    edition_view,
    suggested,
    where_view,
)
from pinakes.federation.discovery.service import catalogue_of
from pinakes.platform.directory import Directory, Tenant
from pinakes.platform.http import Here
from pinakes.platform.paging import After, Limit, Page

Code = Annotated[str | None, Parameter(max_length=40)]
Named = Annotated[str, Parameter(max_length=40)]


def nearest(state: State, near: str | None) -> Tenant | None:
    """The branch whose code was given, or NoSuchTenant."""
    directory: Directory = state.directory
    return directory.coded(near) if near else None


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

    @get("/editions/{id:uuid}/copies")
    async def lent(
        self,
        id: FromPath[UUID],
        state: State,
        library: FromQuery[Named],
        after: FromQuery[After] = None,
        limit: FromQuery[Limit] = 50,
    ) -> Page[copies.Copy]:
        """The copies and volumes of a title that *library* lends, each as a request names it."""
        return await copies.some(catalogue_of(state), id, library, after=after, limit=limit)
