"""How many of the titles found have which form, language, class and year."""

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import Future
from typing import Any

from pinakes.federation.discovery.document import Shown
from pinakes.federation.discovery.terms import Found

FACETS = {"form": 40, "language": 500, "main_class": 60, "year": 1000}
AGGREGATION: dict[str, Any] = {
    name: {"terms": {"field": name, "size": size, "segment_size": size * 4}}
    for name, size in FACETS.items()
}

type Facets = dict[str, dict[str, int]]

NO_FACETS: Facets = {name: {} for name in FACETS}


def told(facets: Facets) -> Future[Facets]:
    """Facets that need no counting."""
    future: Future[Facets] = Future()
    future.set_result(facets)
    return future


def counted(searcher: Any, wanted: Found) -> Facets:
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
