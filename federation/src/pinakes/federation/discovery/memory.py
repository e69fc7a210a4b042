"""What questions that many titles answer had for an answer: true until the next commit."""

from collections import OrderedDict
from collections.abc import Hashable
from threading import Lock
from typing import Any


class Memory:
    """The answers asked for last, as many as there is room for."""

    def __init__(self, room: int) -> None:
        self._room = room
        self._known: OrderedDict[Hashable, Any] = OrderedDict()
        self._lock = Lock()

    def recall(self, question: Hashable) -> Any:
        """The answer, or nothing when it is not known."""
        with self._lock:
            if question not in self._known:
                return None
            self._known.move_to_end(question)
            return self._known[question]

    def keep(self, question: Hashable, answer: object) -> None:
        """Know the answer, and forget the one that nobody has asked for longest."""
        with self._lock:
            self._known[question] = answer
            if len(self._known) > self._room:
                self._known.popitem(last=False)
