"""What holds hear and tell: a copy is free for somebody; how far a supplier is."""

from collections.abc import Collection
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from pinakes.federation.holds.choosing.ranking import Considered
from pinakes.platform.messages import Event


class CopyFree(Event, frozen=True, kw_only=True):
    """To the home of a waiting request (``about``): this branch has a copy for it now.

    The copy is kept for it until the request is wanted again, or no longer. *considered*: how
    the first branches stood for whoever was first in line, the best of them first.
    """

    crosses: ClassVar[bool] = True

    supplier: int
    record: UUID
    rule: str  # why this request and no other
    ranked_by: str = ""  # why this branch and no other: see ranking.Ranking
    considered: list[Considered] = []

    @property
    def branches(self) -> Collection[int | None]:
        return (self.supplier,)


class Step(StrEnum):
    """How far one attempt to supply has come."""

    ASKED = "asked"
    PROMISED = "promised"  # an item is set aside, so that the shelves count it no more
    SHIPPED = "shipped"
    ENDED = "ended"  # however


class SupplyMoved(Event, frozen=True, kw_only=True):
    """From a supplier to itself about a request: a step of the scoreboard that choosing reads."""

    attempt: int
    step: Step
    home: int
    edition: UUID | None
