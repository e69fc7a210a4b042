"""What items tell the others."""

from typing import ClassVar
from uuid import UUID

from pinakes.platform.messages import Event


class ItemsChanged(Event, frozen=True, kw_only=True):
    """What stands on the shelves for these records may be different now."""

    look_again: ClassVar[bool] = True

    records: list[UUID]
