"""What the catalogue tells the others."""

from typing import ClassVar
from uuid import UUID

from pinakes.platform.messages import Event


class RecordsChanged(Event, frozen=True):
    """These titles came, changed, or went out of sight."""

    records: list[UUID]


class MistakeAnswered(Event, frozen=True):
    """A branch has answered what a reader of ours had reported as a mistake in its catalogue."""

    crosses: ClassVar[bool] = True

    person: UUID
    title: str
    corrected: bool
    answer: str
