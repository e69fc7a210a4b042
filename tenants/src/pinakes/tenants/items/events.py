"""What items tell the others."""

from uuid import UUID

from pinakes.platform.messages import Event


class ItemsChanged(Event, frozen=True, kw_only=True):
    """What stands on the shelves for these records may be different now."""

    records: list[UUID]
