"""What items tell the others."""

from collections.abc import Sequence
from typing import Any, ClassVar, Self
from uuid import UUID

from pinakes.platform.messages import Event


class ItemsChanged(Event, frozen=True, kw_only=True):
    """What stands on the shelves for these records may be different now."""

    crosses: ClassVar[bool] = True
    look_again: ClassVar[bool] = True

    records: list[UUID]

    @classmethod
    def at_once(cls, events: Sequence[Any]) -> Self:
        """All their records in one."""
        records = dict.fromkeys(record for event in events for record in event.records)
        return cls(about=events[-1].about, records=list(records))
