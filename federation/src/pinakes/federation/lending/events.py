"""What the parties of a request tell one another, and what a branch tells itself about one."""

from datetime import datetime
from typing import Any

from pinakes.platform.messages import Event


class PartyTold(Event, frozen=True, kw_only=True):
    """A message of one party of a request (``about``) to another; *signal* is its name.

    Who is who travels along, so that a party can be born of its first message. *facts* are what
    the state model lets this message carry.
    """

    attempt: int
    role: str  # of the party that is told
    signal: str
    home: int
    pickup: int
    supplier: int | None
    service: str
    model: int
    flags: list[str]
    facts: dict[str, Any]


class WaitChanged(Event, frozen=True, kw_only=True):
    """To ourselves: whether a request waits in the queue may be different now."""


class ItemSeen(Event, frozen=True, kw_only=True):
    """To an owner: a reader has given this item of yours back here."""

    barcode: str
    seen_at: datetime


class SeenAnswered(Event, frozen=True, kw_only=True):
    """To the finder of an item: what it is, and where to send it; nothing is known when empty."""

    title: str | None
    send_to: int | None


class ViewAsked(Event, frozen=True, kw_only=True):
    """A requester asks where another party stands in this attempt."""

    attempt: int
    role: str
    seen: int  # the version of the requester's row when it asked


class ViewTold(Event, frozen=True, kw_only=True):
    """To the requester: here; None when we know nothing of it."""

    attempt: int
    role: str
    seen: int
    state: str | None
