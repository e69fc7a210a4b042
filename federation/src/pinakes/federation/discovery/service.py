"""The public catalogue, asked: what answers a question, and who holds a title."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec

from pinakes.federation.discovery.answering import Where
from pinakes.federation.discovery.editions import Held, Reader, Whole, editions
from pinakes.federation.discovery.index import Index
from pinakes.federation.discovery.nearness import apart, around
from pinakes.federation.discovery.query import Branch, Consortium, Query
from pinakes.federation.discovery.suggesting import Suggestion
from pinakes.federation.discovery.views import Hit, Shelf
from pinakes.platform.directory import Directory, Tenant
from pinakes.platform.errors import NotFound
from pinakes.platform.language import later
from pinakes.tenants.catalogue.marc import Title

FACETS = {"form": "form", "language": "language", "main_class": "class", "year": "year"}
REMEMBERED = 500  # answers

GONE = later("No library holds this title any more. Search again.")


class NoSuchEdition(NotFound):
    code = "no_such_title"
    title = "There is no such title"


class Found(msgspec.Struct, frozen=True):
    """One page of an answer; ``next`` is the offset of the next one."""

    hits: list[Hit]
    total: int
    next: int | None
    facets: dict[str, dict[str, int]]
    nearly: bool = False
    meant: str = ""


class Full(msgspec.Struct, frozen=True):
    """A title with all that its record says, and who holds it."""

    hit: Hit
    title: Title
    record: UUID | None  # of the branch that was asked, if it has one
    keeper: Tenant  # whose record it is
    rule: str  # why it is in this title
    shared: bool  # with records of others


@cache
def index(folder: Path) -> Index:
    """The index in *folder*, as one process reads it."""
    return Index(folder, room=REMEMBERED)


def catalogue_of(state: Any) -> "PublicCatalogue":
    """The public catalogue of the application with this *state*."""
    return PublicCatalogue(index(state.settings.search), state.directory, state.database.hot)


@dataclass(frozen=True, slots=True)
class PublicCatalogue:
    """What everybody may see, as this process sees it."""

    index: Index
    directory: Directory
    reader: Reader

    def consortium(self, near: Tenant | None = None) -> Consortium:
        """The consortium of *near*, else the first one of this deployment."""
        ids = [near.consortium] if near else [one.consortium for one in self.directory.ids.values()]
        return Consortium(min(ids, default=0))

    async def search(self, query: Query, near: Tenant | None = None) -> Found:
        """One page of what answers *query*, each title with its shelves, nearest first."""
        found, counting = await asyncio.to_thread(self.index.page, self.placed(query, near))
        mine = query.within.id if isinstance(query.within, Branch) else None
        wholes, counts = await asyncio.gather(
            editions(self.reader, found.ids, mine), asyncio.wrap_future(counting)
        )
        hits = [self.hit(wholes[id], near) for id in found.ids if id in wholes]
        facets = {FACETS[name]: counted for name, counted in counts.items()}
        return Found(hits, found.total, found.next, facets, found.nearly, found.meant)

    async def where(self, query: Query) -> Where:
        """Who holds what answers *query*, and how much of it can be borrowed now."""
        return await asyncio.to_thread(self.index.where, query)

    async def suggest(self, within: Branch | Consortium, typed: str) -> list[Suggestion]:
        """How what somebody is typing may go on."""
        return await asyncio.to_thread(self.index.suggest, within, typed)

    def placed(self, query: Query, near: Tenant | None) -> Query:
        """The query of somebody who is at *near*."""
        if near is None or near.id not in self.directory.ids:
            return query
        nearest = around(self.directory, self.directory.stamp, near.id)
        return msgspec.structs.replace(query, near=nearest)

    async def edition(self, id: UUID, near: Tenant | None = None) -> Full:
        """One title with everything, or NoSuchEdition."""
        whole = (await editions(self.reader, [id], near.id if near else None)).get(id)
        if whole is None:
            raise NoSuchEdition(GONE)
        shown = whole.shown
        return Full(
            hit=self.hit(whole, near),
            title=whole.title,
            record=shown.record if near and shown.tenant == near.id else None,
            keeper=self.directory.ids[shown.tenant],
            rule=shown.rule,
            shared=len(whole.held) > 1,
        )

    def hit(self, whole: Whole, near: Tenant | None) -> Hit:
        """One line of an answer."""
        return Hit(
            id=whole.id,
            about=whole.title,
            title=whole.title.full,
            responsibility=whole.title.responsibility,
            publisher=whole.title.publisher,
            year=whole.title.year,
            form=whole.title.form,
            shelves=self.shelves(whole.held, near),
        )

    def shelves(self, held: Sequence[Held], near: Tenant | None) -> list[Shelf]:
        """The copies by branch, nearest first; branches without any are left out."""
        shelves: dict[int, Shelf] = {}
        for one in held:
            if one.items and one.tenant in self.directory.ids:
                shelves[one.tenant] = self.together(shelves.get(one.tenant), one)
        here, stamp = near.id if near else None, self.directory.stamp
        nearest = sorted(shelves, key=lambda one: apart(self.directory, stamp, here, one))
        return [shelves[id] for id in nearest]

    def together(self, shelf: Shelf | None, one: Held) -> Shelf:
        """Several records of one branch may be the same edition."""
        if shelf is None:
            branch = self.directory.ids[one.tenant]
            return Shelf(branch, one.call_numbers, one.items, one.available)
        numbers = [*shelf.call_numbers, *one.call_numbers]
        items, available = shelf.items + one.items, shelf.available + one.available
        return Shelf(shelf.branch, numbers, items, available)
