"""What the facts that parties tell one another are: nothing else is believed, whoever says it."""

from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import Meta, Struct

LAST = 253_402_300_799  # the last second that a calendar here has
LONGEST = 4000  # characters of a fact; more is cut

type Fits = Annotated[dict[str, bool], Meta(max_length=1000)]  # see holds.kinds
type Moment = Annotated[int, Meta(ge=0, le=LAST)]  # seconds since 1970
type Branch = Annotated[int, Meta(ge=1, le=2**31 - 1)]  # its number, as the database has it


class Facts(Struct, frozen=True):
    """Each that a message may carry; see the state model for which carries what."""

    title: str | None = None
    edition: UUID | None = None
    record: UUID | None = None
    wanted_item: UUID | None = None
    kind: str | None = None  # of requests on version 1
    fits: Fits | None = None
    item_kind: str | None = None
    barcode: str | None = None
    parcel: str | None = None
    parcel_home: str | None = None
    note: str | None = None
    reason: str | None = None
    condition: str | None = None
    damage: str | None = None
    payer: str | None = None
    label: str | None = None
    person: UUID | None = None
    alias: UUID | None = None  # of the reader, at the pickup branch alone
    pickup_code: str | None = None
    in_house: bool | None = None
    again: bool | None = None
    by_itself: bool | None = None  # no person has said so: there was no copy on the shelf
    seen_by: Branch | None = None
    sent_from: Branch | None = None  # where it was given back, if it goes on from there
    needed_by: Moment | None = None
    due: Moment | None = None
    loan_due: Moment | None = None
    collect_by: Moment | None = None
    seen_at: Moment | None = None
    given_back_at: Moment | None = None


def checked(facts: Mapping[str, Any]) -> Mapping[str, Any]:
    """The same *facts*, or ValidationError when one is not what it has to be."""
    msgspec.convert(facts, Facts)
    return {name: cut(fact) for name, fact in facts.items()}


def cut(fact: Any) -> Any:
    """No longer than a page can bear, whoever says it."""
    return fact[:LONGEST] if isinstance(fact, str) else fact
