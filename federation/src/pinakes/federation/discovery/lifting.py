"""Titles that can be borrowed nearby, before others that answer a question as well.

By questions of their own, each for as many: one that prefers them among all would have to look
at every copy that is free, which takes ten times as long as the question itself.
"""

from collections.abc import Sequence
from typing import Any

from pinakes.federation.discovery.beside import BESIDE

MANY = 10_000  # titles; among so many only what is here at once is looked for

type Hit = tuple[float, Any]  # score and address
type Group = tuple[Any, float]  # who is lifted, and by how much more than the group before


class Nearby:
    """What is free nearby, widest group first; the last is looked for at once, in a thread."""

    def __init__(self, searcher: Any, groups: Sequence[Group], most: int) -> None:
        self.searcher = searcher
        self.groups = groups
        self.most = most
        self.here = BESIDE.submit(self.best, groups[-1]) if groups else None

    def best(self, group: Group) -> Sequence[Hit]:
        found: Sequence[Hit] = self.searcher.search(group[0], self.most, count=False).hits
        return found

    def lifted(self, hits: Sequence[Hit], count: int) -> Sequence[Hit]:
        """The best of *count* titles, *hits*, with those before that can be borrowed nearby."""
        if self.here is None or len(hits) <= 1:
            return hits
        *wider, here = self.groups if count < MANY else self.groups[-1:]
        ranked = {place(address): (score, address) for score, address in hits}
        gained = 0.0
        for group in (*wider, here):
            gained += group[1]
            for score, address in self.here.result() if group is here else self.best(group):
                ranked[place(address)] = (score + gained, address)
        order = sorted(ranked, key=lambda where: (-ranked[where][0], where))
        return [ranked[where] for where in order[: len(hits)]]


def place(address: Any) -> tuple[int, int]:
    return address.segment_ord, address.doc
