"""How much of what long work has written others in this process have still to take up."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass
class Arrears:
    """How many changed titles the search does not show yet, as far as anybody here writes it.

    *waiting*: how many rest until it shows more of them; nothing else comes from these.
    """

    unseen: int = 0
    waiting: int = 0

    @contextmanager
    def awaited(self) -> Generator[None]:
        """Inside, somebody rests until fewer are unseen."""
        self.waiting += 1
        try:
            yield
        finally:
            self.waiting -= 1


ARREARS = Arrears()
