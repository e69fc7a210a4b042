"""What the catalogue tells the others."""

from typing import Annotated, ClassVar
from uuid import UUID

from msgspec import Meta

from pinakes.platform.messages import Event

TITLE, ANSWER = 500, 2000  # characters that travel with an answer


class RecordsChanged(Event, frozen=True):
    """These titles came, changed, or went out of sight."""

    records: list[UUID]


class MistakeAnswered(Event, frozen=True):
    """A branch has answered what a reader of ours had reported as a mistake in its catalogue."""

    crosses: ClassVar[bool] = True

    person: UUID
    title: Annotated[str, Meta(max_length=TITLE)]
    corrected: bool
    answer: Annotated[str, Meta(max_length=ANSWER)]
