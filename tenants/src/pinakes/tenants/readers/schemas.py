"""What travels over HTTP."""

from datetime import date, datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from msgspec import UNSET, Meta, Struct, UnsetType

from pinakes.platform.words import whole
from pinakes.tenants.readers import models
from pinakes.tenants.readers.machine import (
    MOVES,
    Action,
    Block,
    CardState,
    State,
)
from pinakes.tenants.readers.numbers import LONGEST

Number = Annotated[str, Meta(min_length=1, max_length=LONGEST)]
Name = Annotated[str, Meta(min_length=1, max_length=200, pattern=r"\S")]
Kind = Annotated[str, Meta(pattern=whole(r"[a-z0-9_-]{1,40}"))]
Contact = Annotated[str, Meta(min_length=1, max_length=300)]
Code = Annotated[str, Meta(pattern=whole(r"[a-z0-9-]{2,40}"))]
Pin = Annotated[str, Meta(pattern=whole(r"[0-9]{6}"))]


class Register(Struct, kw_only=True, forbid_unknown_fields=True):
    """A new reader of this branch. Without `number` the card gets a new one."""

    name: Name
    reader_kind: Kind = "adult"
    born: date | None = None
    contact: Contact | None = None
    until: date | None = None
    number: Number | None = None
    old: bool = False  # the number is a barcode from before
    pin: Pin | None = None


class Change(Struct, kw_only=True, forbid_unknown_fields=True):
    """What is to be different; what is not named stays."""

    name: Name | UnsetType = UNSET
    reader_kind: Kind | UnsetType = UNSET
    born: date | UnsetType | None = UNSET
    contact: Contact | UnsetType | None = UNSET
    until: date | UnsetType | None = UNSET


class NewCard(Struct, forbid_unknown_fields=True):
    """One more number for the same person; without `number` a new one is issued."""

    number: Number | None = None
    old: bool = False


class Replacement(Struct, kw_only=True, forbid_unknown_fields=True):
    """A card that is to be replaced, and what replaces it."""

    card: Number
    number: Number | None = None
    old: bool = False


class ThisCard(Struct, forbid_unknown_fields=True):
    """A card of this branch."""

    card: Number


class Show(Struct, forbid_unknown_fields=True):
    """A presented card, and, where the number is not enough, the branch that issued it."""

    card: Number
    card_of: Code | None = None


class Search(Struct, forbid_unknown_fields=True):
    """Part of a name, or a whole card number."""

    words: Annotated[str, Meta(min_length=1, max_length=200, pattern=r"\S")]
    after: Annotated[str, Meta(max_length=100)] | None = None
    limit: Annotated[int, Meta(ge=1, le=200)] = 50


class Why(Struct, forbid_unknown_fields=True):
    """The reason of a block."""

    reason: Block = Block.DESK


class NewPin(Struct, forbid_unknown_fields=True):
    """A first PIN; without one, one is drawn by lot."""

    pin: Pin | None = None


class FirstPin(Struct):
    """To be told to the reader, who must change it at the first log-in."""

    pin: str


class CardView(Struct, kw_only=True):
    """One card of a person."""

    number: str
    issuer: str
    state: CardState
    old: bool = False


class ReaderView(Struct, kw_only=True):
    """A membership of this branch. Of a visiting reader only what was consented to is known."""

    id: UUID
    kind: models.Kind
    home: str
    reader_kind: str
    name: str | None
    born: date | None
    contact: str | None
    state: State
    blocks: list[str]
    until: date | None
    keep_history: bool
    created_at: datetime
    next: list[Action]

    @classmethod
    def of(cls, row: models.Reader, home: str) -> Self:
        told = {
            name: getattr(row, name)
            for name in cls.__struct_fields__
            if name not in {"home", "next"}
        }
        return cls(**told, home=home, next=[act for start, act in MOVES if start == row.state])


class ReaderWithCards(Struct):
    """A membership with the cards that this branch knows of."""

    reader: ReaderView
    cards: list[CardView]


class PresentedView(Struct, kw_only=True):
    """What a presented card says at this branch: the least that lending needs.

    `reader` is there for readers of this branch and for visitors who are known
    here; `name` of a visitor is masked, and there only with consent.
    """

    card: CardView
    home: str
    reader_kind: str
    may_borrow: bool
    blocks: list[str]
    as_of: datetime
    name: str | None
    reader: ReaderView | None


class ConsentText(Struct, frozen=True):
    """What a reader is asked, in the version that counts now."""

    purpose: str
    version: int
    zh: str
    en: str


class ConsentView(Struct, kw_only=True):
    """One consent, given or withdrawn."""

    branch: str
    purpose: str
    version: int
    given_at: datetime
    withdrawn_at: datetime | None


class GiveConsent(Struct, forbid_unknown_fields=True):
    """Which version of the text was read, in which language."""

    version: int
    language: Literal["zh", "en"] = "zh"


class ConsentsHere(Struct):
    """What may be asked at a branch, and what the reader has said."""

    texts: list[ConsentText]
    consents: list[ConsentView]


class Membership(Struct):
    """A branch that knows the reader."""

    branch: str
    kind: models.Kind


class Me(Struct, kw_only=True):
    """What the federation knows of the asker, as the home tells it."""

    person: UUID
    home: str
    reader: ReaderView
    cards: list[CardView]
    memberships: list[Membership]
    consents: list[ConsentView]


class Settings(Struct, forbid_unknown_fields=True):
    """Choices of the reader."""

    keep_history: bool


class LineView(Struct, kw_only=True):
    """What became of one line: created, updated, unchanged or refused, and why it was refused."""

    line: int
    outcome: str | None
    code: str | None
    zh: str | None
    en: str | None


class ImportReport(Struct, kw_only=True):
    """Lines = created + updated + unchanged + refused; `reasons` counts the refused ones."""

    lines: int
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    refused: int = 0
    reasons: dict[str, int]
    dry_run: bool
