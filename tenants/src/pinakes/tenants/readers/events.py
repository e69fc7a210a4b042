"""What readers' branches tell one another: ids alone, never a name."""

from typing import ClassVar

from pinakes.platform.messages import Event


class VisitBegan(Event, frozen=True):
    """A branch has a new visiting reader: told to the home."""

    crosses: ClassVar[bool] = True


class VisitEnded(Event, frozen=True):
    """A visiting reader has left a branch: told to the home."""

    crosses: ClassVar[bool] = True


class ReaderLeft(Event, frozen=True):
    """A reader has left the home: told to every visited branch."""

    crosses: ClassVar[bool] = True


class MayBorrow(Event, frozen=True):
    """To ourselves, the home: what kept a reader from borrowing may be over."""

    look_again: ClassVar[bool] = True


class HistoryChosen(Event, frozen=True):
    """A reader wants past loans kept, or cut: told to the home and every visited branch."""

    crosses: ClassVar[bool] = True

    keep: bool
