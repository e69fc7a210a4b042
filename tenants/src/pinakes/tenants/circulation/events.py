"""What circulation tells: the reader's home branch, and the features that count what is in."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from pinakes.platform.messages import Event


class LoanOpened(Event, frozen=True, kw_only=True):
    """A reader (``about``) took an item home from the sending branch."""

    crosses: ClassVar[bool] = True

    loan: UUID
    barcode: str
    title: str
    lent_at: datetime
    due_at: datetime


class LoanRenewed(Event, frozen=True, kw_only=True):
    crosses: ClassVar[bool] = True

    loan: UUID
    due_at: datetime
    renewals: int


class LoanRecalled(Event, frozen=True, kw_only=True):
    """Others wait for it: the reader is to bring it by then."""

    crosses: ClassVar[bool] = True

    loan: UUID
    title: str
    due_at: datetime


class KeptLent(Event, frozen=True, kw_only=True):
    """To ourselves: an item that was kept for a request (``about``) is with its reader."""

    item: UUID
    due_at: datetime


class KeptReturned(Event, frozen=True, kw_only=True):
    """To ourselves: an item that is here for a request (``about``) has come back."""

    item: UUID
    returned_at: datetime


class LoanClosed(Event, frozen=True, kw_only=True):
    crosses: ClassVar[bool] = True

    loan: UUID
    returned_at: datetime
    outcome: str | None = None  # lost, claimed; none: the item came back
