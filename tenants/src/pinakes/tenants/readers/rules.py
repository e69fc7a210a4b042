"""Which person a presented card means, and what may be shown of a name."""

from collections.abc import Sequence
from datetime import date, datetime
from hashlib import sha256
from uuid import UUID

from msgspec import Struct

from pinakes.platform.errors import Conflict, NotFound
from pinakes.tenants.readers.machine import Bar, State


class CardUnknown(NotFound):
    code = "card_unknown"
    title = "Nobody has this card"


class CardAmbiguous(Conflict):
    """`issuers` holds the codes of the branches that issued this number; say which one is meant."""

    code = "card_ambiguous"
    title = "Several branches have issued this number"


class Presented(Struct, frozen=True, kw_only=True):
    """A row of ``card_lookup``: a card, and what a lender may know of its bearer."""

    issuer_id: int
    home_id: int
    person_id: UUID
    state: str
    reader_kind: str
    may_borrow: bool
    blocks: list[str]
    loans_left: int
    until: date | None
    keep_history: bool
    as_of: datetime
    issuer: str  # codes
    home: str


def choose(found: Sequence[Presented], here: int, card_of: str | None) -> Presented:
    """The one card that is meant: of the branch named, else of this branch, else the only one.

    Raises:
        CardUnknown: no branch (or not the one named) has issued the number.
        CardAmbiguous: several others have, to several people.
    """
    meant = [card for card in found if card_of in {None, card.issuer}]
    own = [card for card in meant if card.issuer_id == here]
    if own:
        return own[0]
    if not meant:
        raise CardUnknown("No branch of this consortium has issued this number.")
    if len({card.person_id for card in meant}) > 1:
        issuers = [card.issuer for card in meant]
        raise CardAmbiguous("Say which branch's card it is, as `card_of`.", issuers=issuers)
    return meant[0]


def alias(person: UUID, branch: int) -> UUID:
    """By what a branch knows a reader whose card it has not been shown; no other has the same.

    The database says it, too, as ``reader_alias``: a desk then knows whom a book is kept for.
    """
    return UUID(bytes=sha256(person.bytes + branch.to_bytes(4, "big")).digest()[:16])


def mask(name: str) -> str:
    """Enough of a name to greet its bearer by: 王*, 欧阳娜 as 欧**, Ada Lovelace as A** L***."""
    return " ".join(word[0] + "*" * max(1, min(len(word) - 1, 3)) for word in name.split())


def may_borrow(state: str, blocks: Sequence[str]) -> bool:
    """Whether a membership lends; the last day of it is looked at when a card is presented."""
    return state == State.ACTIVE and not blocks


def blocks_of(may_borrow: bool, blocks: Sequence[str]) -> tuple[str, ...]:
    """The reader's blocks; lending goes on while a home branch is closed itself."""
    if may_borrow:
        return ()
    return tuple(block for block in blocks if block != Bar.HOME_CLOSED) if blocks else (Bar.HOME,)
