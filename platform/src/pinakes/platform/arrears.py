"""How much of what long work has written others in this process have still to take up."""

from dataclasses import dataclass


@dataclass
class Arrears:
    """How many changed titles the search does not show yet, as far as anybody here writes it."""

    unseen: int = 0


ARREARS = Arrears()
