"""Things that one is drawn from at random, and that are put in and taken out at once."""

from collections.abc import Hashable, Sequence
from typing import overload


class Bag[Thing: Hashable](Sequence[Thing]):
    """Each thing once; the order is that of what was put in and taken out, never of hashes."""

    def __init__(self) -> None:
        self._things: list[Thing] = []
        self._places: dict[Thing, int] = {}

    def __len__(self) -> int:
        return len(self._things)

    @overload
    def __getitem__(self, place: int) -> Thing: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Thing]: ...
    def __getitem__(self, place: int | slice) -> Thing | Sequence[Thing]:
        return self._things[place]

    def add(self, thing: Thing) -> None:
        if thing not in self._places:
            self._places[thing] = len(self._things)
            self._things.append(thing)

    def discard(self, thing: Thing) -> None:
        """Take it out; the last one takes its place."""
        if thing in self._places:
            place, last = self._places.pop(thing), self._things.pop()
            if last != thing:
                self._things[place] = last
                self._places[last] = place
