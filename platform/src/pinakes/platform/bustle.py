"""Whether somebody is being served at this moment. Long work in the same process looks here."""

from dataclasses import dataclass
from time import monotonic

WHILE = 1.0  # seconds that a desk counts as busy after one was served


@dataclass
class Bustle:
    """When somebody was last served."""

    seen: float = float("-inf")

    def see(self) -> None:
        """Somebody is served now."""
        self.seen = monotonic()

    @property
    def goes_on(self) -> bool:
        return monotonic() - self.seen < WHILE


BUSTLE = Bustle()
