"""What travels over HTTP about items."""

from datetime import datetime
from typing import Annotated, Final, Literal, NamedTuple, Self
from uuid import UUID

from msgspec import UNSET, Meta, Struct, UnsetType

from pinakes.platform.words import whole
from pinakes.tenants.items import models
from pinakes.tenants.items.machine import Action, Status, actions

type Text = Annotated[str, Meta(max_length=200, pattern=whole(r"[^\x00-\x1f]*"))]
type Kind = Annotated[str, Meta(pattern=whole(r"[a-z][a-z0-9_-]{0,39}"))]
REFERENCE: Final = "reference"  # copies of this kind leave no house
type Barcode = Annotated[str, Meta(pattern=whole(r"[!-~]{1,64}"))]


class NewItem(Struct, forbid_unknown_fields=True):
    """A copy to put into stock."""

    record: UUID
    barcode: Barcode
    kind: Kind = "book"
    call_number: Text = ""
    location: Text | None = None
    copy: Text | None = None
    price: Text | None = None


class FoundItem(NewItem, forbid_unknown_fields=True):
    """A copy that a file tells of, and where it is; nothing is lent without a loan."""

    status: Literal["on_shelf", "processing", "missing", "lost", "damaged", "withdrawn"] = (
        "on_shelf"
    )


class ItemChange(Struct, forbid_unknown_fields=True):
    """What shall be different; what is left out stays."""

    kind: Kind | UnsetType = UNSET
    call_number: Text | UnsetType = UNSET
    location: Text | UnsetType | None = UNSET
    copy: Text | UnsetType | None = UNSET
    price: Text | UnsetType | None = UNSET


class Shelved(Struct):
    """What became of a batch; ``taken`` are barcodes that another record's item bears."""

    new: int = 0
    updated: int = 0
    unchanged: int = 0
    taken: list[str] = []


class Untaken(NamedTuple):
    """An item that stayed as it is, and why."""

    id: UUID
    barcode: str
    reason: str  # lent_since, changed_since, still_used


class TakenBack(Struct):
    """What became of some items when a job was taken back; ``last`` is how far that came."""

    removed: int = 0
    restored: int = 0
    kept: list[Untaken] = []
    last: UUID | None = None


class Stock(Struct, gc=False):
    """The copies of one record that readers can hope for.

    *available* stand on the shelf, some of them for reference; *lendable* are the others. *kinds*:
    the same by kind, of which there are any to be lent, on the shelf or not.
    """

    call_numbers: list[str]
    items: int
    available: int
    lendable: int
    kinds: dict[str, int]


class ItemView(Struct):
    """An item, as the staff see it."""

    id: UUID
    record: UUID
    barcode: str
    kind: str
    status: Status
    call_number: str
    location: str | None
    copy: str | None
    price: str | None
    since: datetime
    next: list[Action]

    @classmethod
    def of(cls, row: models.Item) -> Self:
        return cls(
            id=row.id,
            record=row.record_id,
            barcode=row.barcode,
            kind=row.kind,
            status=row.status,
            call_number=row.call_number,
            location=row.location,
            copy=row.copy,
            price=row.price,
            since=row.created_at,
            next=actions(row.status),
        )
