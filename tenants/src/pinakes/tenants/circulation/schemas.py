"""What travels over HTTP about loans."""

from datetime import datetime
from typing import Any, Literal, Self
from uuid import UUID

from msgspec import Struct

from pinakes.platform.clock import local
from pinakes.tenants.circulation.machine import State, state_of
from pinakes.tenants.items.schemas import Barcode
from pinakes.tenants.readers.schemas import Code, Number


class Checkout(Struct, forbid_unknown_fields=True):
    """A card and a book, as scanned; ``card_of``: who issued the card, where two did."""

    card: Number
    barcode: Barcode
    card_of: Code | None = None


class Return(Struct, forbid_unknown_fields=True):
    """A book, as scanned."""

    barcode: Barcode


class LoanEnd(Struct, forbid_unknown_fields=True):
    """How a loan is over without its book: it is lost, or its reader says that it came back."""

    outcome: Literal["lost", "claimed"]


class LoanView(Struct):
    """A loan, as the lending branch sees it, its moments by that branch's clocks.

    ``rule`` is the term that allowed it just now. ``then``, once it is given back: somebody waits
    for the book (put_aside), or it is another branch's, of a request (send_on); none: shelve it.
    """

    id: UUID
    barcode: str
    item_kind: str
    title: str
    person: UUID | None
    home: str
    reader_kind: str
    lent_at: datetime
    due_at: datetime
    renewals: int
    returned_at: datetime | None
    state: State
    rule: str | None = None
    already: bool = False  # it was back before this scan
    then: Literal["put_aside", "send_on"] | None = None

    @classmethod
    def of(
        cls,
        row: Any,
        home: str,
        zone: str,
        *,
        rule: str | None = None,
        already: bool = False,
        outcome: str | None = None,
    ) -> Self:
        """A loan out of a row that names the table's columns; *outcome* of one that is over."""
        back: datetime | None = row.returned_at
        return cls(
            id=row.id,
            barcode=row.barcode,
            item_kind=row.item_kind,
            title=row.title,
            person=row.person_id,
            home=home,
            reader_kind=row.reader_kind,
            lent_at=local(row.lent_at, zone),
            due_at=local(row.due_at, zone),
            renewals=row.renewals,
            returned_at=local(back, zone) if back else None,
            state=state_of(back, outcome),
            rule=rule,
            already=already,
        )
