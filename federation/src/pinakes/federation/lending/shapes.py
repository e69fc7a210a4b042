"""Requests, work and what was left here, as the graph shows them; each as over HTTP."""

from datetime import date, datetime
from typing import Any, Self
from uuid import UUID

import strawberry
from msgspec.structs import asdict
from strawberry.scalars import JSON

from pinakes.federation.holds.service import Place
from pinakes.federation.lending import chosen, looking, schemas
from pinakes.federation.lending.arrivals import ArrivalView
from pinakes.federation.lending.astray_pages import AstrayView
from pinakes.federation.lending.fetching import Work
from pinakes.platform.paging import Page


@strawberry.type(name="LendingShelfMark")
class Mark:
    """Where a copy of ours stands; of one alone, which copy or volume it is."""

    call_number: str
    location: str | None
    copy: str | None


@strawberry.type(name="LendingNote")
class Note:
    """What one branch wrote to another: the role of the writer, when, and what."""

    by: str
    at: datetime
    note: str


@strawberry.type(name="LendingConsidered")
class Considered:
    """One branch as a choice judged it: its place, or the rule that left it out; its figures."""

    supplier: str | None
    place: int | None
    out: str | None
    figures: JSON


@strawberry.type(name="LendingChoice")
class Choice:
    """Whom one attempt asked (none: nobody could be), what decided, and who was considered."""

    attempt: int
    supplier: str | None
    rule: str | None
    ranked_by: str | None
    considered: list[Considered]

    @classmethod
    def of(cls, one: chosen.Choice) -> Self:
        told: dict[str, Any] = asdict(one)
        told["considered"] = [Considered(**asdict(each)) for each in one.considered]
        return cls(**told)


@strawberry.type(name="LendingParty")
class Party:
    """Where this branch stands in one role of one attempt at a request."""

    request: UUID
    role: str
    attempt: int
    state: str
    over: bool
    home: str
    pickup: str
    supplier: str | None
    title: str
    barcode: str | None
    notes: list[Note]
    reason: str | None
    rule: str | None
    condition: str | None
    in_house: bool
    payer: str | None
    damage: str | None
    due: datetime | None
    collect_by: datetime | None
    label: str | None
    trouble: str | None
    acts: list[str]
    writes_to: list[str]
    next_at: datetime | None
    edition: UUID | None  # the title in the catalogue, where this party was told it
    needed_by: date | None
    to_put_back: datetime | None  # since when it stands on the hold shelf for nobody
    author: str | None
    shelf_marks: list[Mark]  # of the copy that is chosen, else of those that could be
    choice: Choice | None  # at the reader's home alone

    @classmethod
    def of(cls, view: Work) -> Self:
        told: dict[str, Any] = {name: getattr(view, name) for name in cls.__annotations__}
        told["notes"] = [Note(**asdict(one)) for one in view.notes]
        told["shelf_marks"] = [Mark(**asdict(one)) for one in view.shelf_marks]
        told["choice"] = view.choice and Choice.of(view.choice)
        return cls(**told)


@strawberry.type(name="LendingWork")
class Worklist:
    """Some parties that wait for a hand, and the cursor behind them (null: these were the last)."""

    items: list[Party]
    next: str | None

    @classmethod
    def of(cls, page: Page[Work]) -> Self:
        return cls(items=[Party.of(one) for one in page.items], next=page.next)


@strawberry.type(name="LendingArrival")
class Left:
    """A book of another branch that a reader left here, and where it goes."""

    id: UUID
    barcode: str
    title: str | None
    state: str
    owner: str | None
    send_to: str | None
    rule: str | None
    parcel: str | None
    at: datetime


@strawberry.type(name="LendingArrivals")
class LeftHere:
    """Some of them, and the cursor behind them (null: these were the last)."""

    items: list[Left]
    next: str | None

    @classmethod
    def of(cls, page: Page[ArrivalView]) -> Self:
        return cls(items=[Left(**asdict(one)) for one in page.items], next=page.next)


@strawberry.type(name="LendingAstray")
class Missing:
    """A book of this branch that never came home, and where it had been left."""

    id: UUID
    barcode: str
    title: str
    left_at: str
    since: datetime
    missing_since: datetime


@strawberry.type(name="LendingNeverHome")
class NeverHome:
    """Some of them, and the cursor behind them (null: these were the last)."""

    items: list[Missing]
    next: str | None

    @classmethod
    def of(cls, page: Page[AstrayView]) -> Self:
        return cls(items=[Missing(**asdict(one)) for one in page.items], next=page.next)


@strawberry.type(name="LendingRequest")
class Asked:
    """A request as the reader's home sees it."""

    id: UUID
    title: str
    state: str
    over: bool
    attempt: int
    pickup: str
    service: str
    needed_by: date | None
    note: str
    in_house: bool
    placed_at: datetime
    as_of: datetime


@strawberry.type(name="LendingStage")
class Stage:
    """One thing that somebody at this branch, or a message, did with a request."""

    at: datetime
    operation: str
    role: str
    result: str


@strawberry.type(name="LendingStory")
class Story:
    """A request as this branch knows it; *request* and *chosen* at the reader's home alone."""

    request: Asked | None
    parties: list[Party]
    history: list[Stage]
    chosen: list[Choice]

    @classmethod
    def of(cls, whole: looking.WholeRequest) -> Self:
        return cls(
            request=Asked(**asdict(whole.request)) if whole.request else None,
            parties=[Party.of(one) for one in whole.parties],
            history=[Stage(**asdict(one)) for one in whole.history],
            chosen=[Choice.of(one) for one in whole.chosen],
        )


@strawberry.type(name="MyRequest")
class Mine:
    """One of my requests, and what comes next."""

    id: UUID
    title: str
    state: str
    over: bool
    pickup: str
    until: datetime | None
    position: int | None
    total: int | None
    wait_median: float | None  # days; none while nobody can know
    wait_low: float | None
    wait_high: float | None
    suspended: bool
    suspended_until: datetime | None
    as_of: datetime
    edition: UUID | None
    author: str | None
    note: str
    in_house: bool  # for use in the library only
    expected_by: datetime | None  # until when the next step is waited for
    supplier: str | None  # once it is known which book it will be
    barcode: str | None

    @classmethod
    def of(cls, row: schemas.MyRequest) -> Self:
        names = ("id", "title", "state", "over", "pickup", "until", "suspended",
                 "suspended_until", "as_of", "edition", "author", "note", "in_house", "expected_by",
                 "supplier", "barcode")  # fmt: skip
        place: dict[str, Any] = {
            name: getattr(row.place, name, None) for name in Place.__struct_fields__
        }
        return cls(**{name: getattr(row, name) for name in names}, **place)
