"""What the catalogue tells the others."""

from uuid import UUID

from pinakes.platform.messages import Event


class RecordsChanged(Event, frozen=True):
    """These titles came, changed, or went out of sight."""

    records: list[UUID]
