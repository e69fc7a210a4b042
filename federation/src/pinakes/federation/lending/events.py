"""What the parties of a request tell one another, and what a branch tells itself about one."""

from collections.abc import Collection
from datetime import datetime
from typing import Annotated, Any, ClassVar
from uuid import UUID

from msgspec import Meta

from pinakes.platform.messages import Event
from pinakes.platform.words import whole


class PartyTold(Event, frozen=True, kw_only=True):
    """A message of one party of a request (``about``) to another; *signal* is its name.

    Who is who travels along, so that a party can be born of its first message. *facts* are what
    the state model lets this message carry.
    """

    crosses: ClassVar[bool] = True

    attempt: int
    role: str  # of the party that is told
    signal: str
    home: int
    pickup: int
    supplier: int | None
    service: Annotated[str, Meta(pattern=whole("Express|Normal|Standard"))]
    model: int
    flags: list[str]
    facts: dict[str, Any]

    @property
    def branches(self) -> Collection[int | None]:
        return self.home, self.pickup, self.supplier


class WaitChanged(Event, frozen=True, kw_only=True):
    """To ourselves: whether a request waits in the queue may be different now."""


class ReaderConcerned(Event, frozen=True, kw_only=True):
    """To ourselves, at the reader's home: what befell a request concerns its reader."""

    attempt: int
    person: UUID
    happened: str  # as the state model names it
    step: int = 0  # of its home, counted from the beginning
    facts: dict[str, Any]


class OthersWait(Event, frozen=True, kw_only=True):
    """To a branch that calls books back: one request more (``about``) waits for this title."""

    crosses: ClassVar[bool] = True

    record: UUID
    waiting: int


class ItemSeen(Event, frozen=True, kw_only=True):
    """To an owner: a reader has given this item of yours back here."""

    crosses: ClassVar[bool] = True

    barcode: str
    seen_at: datetime
    damaged: bool = False
    parcel: Annotated[str, Meta(pattern=whole("[!-~]{0,40}"))] = ""  # into which it went


class SeenAnswered(Event, frozen=True, kw_only=True):
    """To the finder of an item: what it is, and where to send it; nothing is known when empty.

    *moved*: it is the finder's from now on, under this record, kind and call number.
    """

    crosses: ClassVar[bool] = True

    title: str | None
    send_to: int | None
    rule: str | None = None  # why there: see ``holds.rules.ROUTES``
    moved: dict[str, str] | None = None

    @property
    def branches(self) -> Collection[int | None]:
        return (self.send_to,)


class ItemArrived(Event, frozen=True, kw_only=True):
    """To whoever was to send it: an item of ours is home, or where it went on to.

    It is about the scan (or the way from there), so that it never comes before our answer.
    """

    crosses: ClassVar[bool] = True

    barcode: str


class ViewsAsked(Event, frozen=True, kw_only=True):
    """A requester asks whether another branch stands where it thinks, in many requests at once."""

    crosses: ClassVar[bool] = True

    parties: list[dict[str, Any]]


class ViewsDiffer(Event, frozen=True, kw_only=True):
    """To the requester: in these we stand elsewhere, or no more so, where it was in trouble."""

    crosses: ClassVar[bool] = True

    parties: list[dict[str, Any]]


class SayAgain(Event, frozen=True, kw_only=True):
    """A requester asks for the last words of another party, whose views differ."""

    crosses: ClassVar[bool] = True

    attempt: int
    role: str
    stands: str | None = None  # where it stands itself
