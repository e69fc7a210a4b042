"""Questions put to one state of the index."""

from collections.abc import Iterator
from concurrent.futures import Future
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
import tantivy

from pinakes.federation.discovery.beside import BESIDE
from pinakes.federation.discovery.counting import NO_FACETS, Facets, counted, tallied, told
from pinakes.federation.discovery.document import Shown
from pinakes.federation.discovery.frequent import Sight, best, frequent_word
from pinakes.federation.discovery.matching import Asked, Matcher
from pinakes.federation.discovery.meaning import meant
from pinakes.federation.discovery.query import DEEPEST, Branch, Consortium, Order, Query, clauses
from pinakes.federation.discovery.suggesting import Suggestion, suggestions

MOST = 100
MOST_BRANCHES = 10_000
MANY = 1_000  # titles; what so many answer is dear to count
SUGGESTED = 8
GLIMPSE = 40  # titles that suggestions are taken from
SHOWN = msgspec.json.Decoder(Shown)
ORDERS = {
    Order.NEWEST: ("added", tantivy.Order.Desc),
    Order.YEAR: ("year", tantivy.Order.Desc),
    Order.TITLE: ("sort", tantivy.Order.Asc),
}


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
NOWHERE = Where({}, 0)


def page(sight: Sight, matcher: Matcher, query: Query, *, facets: bool) -> Page:
    """One page of what answers the query, else of what nearly does."""
    limit = max(1, min(query.limit, MOST))
    offset = max(0, min(query.offset, DEEPEST))
    word = frequent_word(sight.searcher, query)
    for asked, nearly in ways(matcher, query):
        if word and not nearly:
            total, addresses = best(sight, matcher, query, word, offset + limit)
        else:
            total, addresses = ranked(sight.searcher, query, asked, offset + limit)
        if not total:
            continue
        del addresses[:offset]
        few = total == len(addresses)
        counts = None if few or not facets else tally(sight, query, asked, total)
        documents = [sight.searcher.doc(address) for address in addresses]
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
        return Page(answer, counts or told(tallied(kept) if facets else {}))
    return nothing()


def ranked(
    searcher: Any, query: Query, asked: Asked, most: int
) -> tuple[int, list[tantivy.DocAddress]]:
    """How many titles answer, and where the best of them lie."""
    field, direction = order_of(query)
    found = searcher.search(asked.ranked, most, order_by_field=field, order=direction)
    return int(found.count), [address for _, address in found.hits]


def tally(sight: Sight, query: Query, asked: Asked, total: int) -> Future[Facets]:
    """The facets, as they are remembered, or being counted beside."""
    question = ("facets", of_every_page(query))

    def counting() -> Facets:
        counts = counted(sight.searcher, asked.plain)
        if total >= MANY:
            sight.memory.keep(question, counts)
        return counts

    known: Facets | None = sight.memory.recall(question)
    return BESIDE.submit(counting) if known is None else told(known)


def of_every_page(query: Query) -> Query:
    """The question without what only says which page is shown."""
    return msgspec.structs.replace(query, near=(), offset=0, limit=0, order=Order.RELEVANCE)


def nothing() -> Page:
    return Page(NOTHING, told(NO_FACETS))


def words_of(query: Query) -> str:
    return " ".join(part.text for part in clauses(query.text))


def where(sight: Sight, matcher: Matcher, query: Query) -> Where:
    """Who holds what answers the query: dearer than the other facets, so asked for by itself.

    The branches are counted as if none were chosen, and what can be borrowed likewise.
    """
    question = ("where", of_every_page(query))
    known: Where | None = sight.memory.recall(question)
    if known is None:
        known = held(sight.searcher, matcher, query)
        if sum(known.branches.values()) >= MANY:
            sight.memory.keep(question, known)
    return known


def held(searcher: Any, matcher: Matcher, query: Query) -> Where:
    """The same, counted."""
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


def order_of(query: Query) -> tuple[str | None, tantivy.Order]:
    """By relevance only when there are words; what came last comes first otherwise."""
    if query.order is Order.RELEVANCE:
        return (None, tantivy.Order.Desc) if query.text.strip() else ORDERS[Order.NEWEST]
    return ORDERS[query.order]
