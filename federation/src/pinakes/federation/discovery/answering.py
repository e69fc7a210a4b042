"""Questions put to one state of the index."""

from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
import tantivy

from pinakes.federation.discovery.beside import BESIDE
from pinakes.federation.discovery.document import Shown
from pinakes.federation.discovery.matching import Asked, Matcher
from pinakes.federation.discovery.meaning import meant
from pinakes.federation.discovery.query import DEEPEST, Branch, Consortium, Order, Query, clauses
from pinakes.federation.discovery.suggesting import Suggestion, suggestions

MOST = 100
MOST_BRANCHES = 10_000
SUGGESTED = 8
GLIMPSE = 40  # titles that suggestions are taken from
SHOWN = msgspec.json.Decoder(Shown)
FACETS = {"form": 40, "language": 500, "main_class": 60, "year": 1000}
ORDERS = {
    Order.NEWEST: ("added", tantivy.Order.Desc),
    Order.YEAR: ("year", tantivy.Order.Desc),
    Order.TITLE: ("sort", tantivy.Order.Asc),
}

type Facets = dict[str, dict[str, int]]


class Hits(msgspec.Struct, frozen=True):
    """Ids, best first; how many there are in all; the next page's offset; counts by facet.

    ``nearly``: nothing has just these words, these have nearly the same; ``meant`` are those.
    """

    ids: tuple[UUID, ...]
    total: int
    next: int | None
    facets: Facets
    nearly: bool = False
    meant: str = ""


class Where(msgspec.Struct, frozen=True):
    """How many of the titles found each branch holds, and how many can be borrowed now."""

    branches: dict[int, int]
    available: int


class Page(NamedTuple):
    """One page of what answers a question; its facets are being counted, unless none are wanted."""

    hits: Hits
    facets: Future[Facets]


NOTHING = Hits((), 0, None, {})
NO_FACETS: Facets = {name: {} for name in FACETS}
NOWHERE = Where({}, 0)


def page(searcher: Any, matcher: Matcher, query: Query, *, facets: bool) -> Page:
    """One page of what answers the query, else of what nearly does."""
    limit = max(1, min(query.limit, MOST))
    offset = max(0, min(query.offset, DEEPEST))
    field, direction = order_of(query)
    for asked, nearly in ways(matcher, query):
        found = searcher.search(asked.ranked, offset + limit, order_by_field=field, order=direction)
        total = int(found.count)
        if not total:
            continue
        addresses = [address for _, address in found.hits[offset:]]
        few = total == len(addresses)
        counting = None if few or not facets else BESIDE.submit(counted, searcher, asked.plain)
        documents = [searcher.doc(address) for address in addresses]
        kept = [shown(one) for one in documents] if few or nearly else []
        more = offset + limit < min(total, DEEPEST)
        answer = Hits(
            ids=tuple([UUID(one.get_first("id")) for one in documents]),
            total=total,
            next=offset + limit if more else None,
            facets={},
            nearly=nearly,
            meant=meant(words_of(query), kept) if nearly else "",
        )
        return Page(answer, counting or told(tallied(kept) if facets else {}))
    return nothing()


def nothing() -> Page:
    return Page(NOTHING, told(NO_FACETS))


def told(facets: Facets) -> Future[Facets]:
    """Facets that need no counting."""
    future: Future[Facets] = Future()
    future.set_result(facets)
    return future


def words_of(query: Query) -> str:
    return " ".join(part.text for part in clauses(query.text))


def where(searcher: Any, matcher: Matcher, query: Query) -> Where:
    """Who holds what answers the query: dearer than the other facets, so asked for by itself.

    The branches are counted as if none were chosen, and what can be borrowed likewise.
    """
    anywhere = msgspec.structs.replace(query, branches=(), available=False)
    for asked, _ in ways(matcher, anywhere):
        if searcher.search(asked.plain, 1).count:
            free = matcher.narrow(asked.plain, query)
            branches = searcher.aggregate(asked.plain, BY_BRANCH)["branch"]["buckets"]
            return Where(
                {int(one["key"]): one["doc_count"] for one in branches},
                int(searcher.search(free, 1).count),
            )
    return NOWHERE


def suggest(
    searcher: Any, matcher: Matcher, within: Branch | Consortium, typed: str
) -> list[Suggestion]:
    """What begins as typed, or has it within."""
    wanted = matcher.beginning(within, typed)
    if wanted is None:
        return []
    found = searcher.search(wanted, GLIMPSE, count=False).hits
    return suggestions(typed, [shown(searcher.doc(address)) for _, address in found], SUGGESTED)


def ways(matcher: Matcher, query: Query) -> Iterator[tuple[Asked, bool]]:
    """What is asked; and, for who found nothing, what is nearly that."""
    yield matcher.query(query), False
    if query.text.strip():
        yield matcher.loose_query(query), True


def shown(document: Any) -> Shown:
    return SHOWN.decode(bytes(document.get_first("shown")))


BY_BRANCH: dict[str, Any] = {
    "branch": {"terms": {"field": "branch", "size": MOST_BRANCHES, "segment_size": MOST_BRANCHES}}
}
AGGREGATION: dict[str, Any] = {
    name: {"terms": {"field": name, "size": size, "segment_size": size * 4}}
    for name, size in FACETS.items()
}


def order_of(query: Query) -> tuple[str | None, tantivy.Order]:
    """By relevance only when there are words; what came last comes first otherwise."""
    if query.order is Order.RELEVANCE:
        return (None, tantivy.Order.Desc) if query.text.strip() else ORDERS[Order.NEWEST]
    return ORDERS[query.order]


def counted(searcher: Any, wanted: Any) -> Facets:
    """Counts by value, largest first; what a title does not say is not counted."""
    found = searcher.aggregate(wanted, AGGREGATION)
    return {
        name: {
            str(bucket["key"]): bucket["doc_count"]
            for bucket in found[name]["buckets"]
            if bucket["key"] != ""
        }
        for name in FACETS
    }


def tallied(all_found: Sequence[Shown]) -> Facets:
    """The same of so few titles that all of them have been read."""
    facets: Facets = {}
    for name in FACETS:
        values = Counter([getattr(one, name) for one in all_found])
        common = sorted(values.items(), key=lambda one: -one[1])
        facets[name] = {str(value): n for value, n in common if value not in {"", None}}
    return facets
