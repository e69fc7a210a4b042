"""What travels over HTTP about requests."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from msgspec import Meta, Struct

from pinakes.federation.holds.service import Place
from pinakes.federation.lending import models
from pinakes.federation.lending.expecting import expected_by
from pinakes.federation.lending.mending import rights
from pinakes.federation.lending.party import Party
from pinakes.federation.lending.rows import Found
from pinakes.platform.directory import Directory
from pinakes.platform.words import whole
from pinakes.tenants.items.schemas import Barcode
from pinakes.tenants.readers.schemas import Code, Number

type Text = Annotated[str, Meta(max_length=500, pattern=whole(r"[^\x00-\x08\x0b-\x1f]*"))]
type Parcel = Annotated[str, Meta(pattern=whole(r"[!-~]{0,40}"))]
type Service = Literal["Express", "Normal", "Standard"]


KEPT = {"READY", "READY_FOR_PICKUP"}  # on a hold shelf, as the pickup branch and the home say
IN_HOUSE = "LibraryUseOnly"  # a condition of ISO 18626


class NewRequest(Struct, forbid_unknown_fields=True):
    """What is wanted, and where it will be collected.

    *edition* is a title of the public catalogue; *owner* and *record* one branch's own, *item*
    one copy or volume of it and no other; with *title* alone the staff look for it. *copy*: a
    copy is made and sent, nothing comes back. *card* is the reader's, where staff ask.
    """

    pickup: Code
    edition: UUID | None = None
    owner: Code | None = None
    record: UUID | None = None
    item: UUID | None = None
    title: Text = ""
    service: Service = "Normal"
    needed_by: date | None = None
    note: Text = ""
    in_house: bool = False
    copy: bool = False
    card: Number | None = None
    sure: bool = False  # wants it though it waits for the same title already


class Doing(Struct, forbid_unknown_fields=True):
    """What somebody does with a request; the rest says how."""

    note: Text = ""
    reason: Text = ""
    condition: Text = ""
    parcel: Parcel = ""  # in which it is sent, or sent home
    damage: Text = ""
    title: Text = ""
    edition: UUID | None = None
    days: Annotated[int, Meta(ge=1, le=365)] | None = None
    payer: Literal["", "requester", "supplier", "pickup"] = ""  # of a loss: which party's branch

    def facts(self, now: int) -> dict[str, Any]:
        """What of it was said."""
        told: dict[str, Any] = {
            name: getattr(self, name)
            for name in ("note", "reason", "condition", "parcel", "damage", "title", "payer")
            if getattr(self, name)
        }
        if self.edition:
            told["edition"] = str(self.edition)
        if self.days:
            told["due"] = now + self.days * 86_400
        return told


class Pause(Struct, forbid_unknown_fields=True):
    """From which day on a request waits again; none: once it is resumed."""

    until: date | None = None


class Scan(Struct, forbid_unknown_fields=True):
    """A barcode of an item, or a parcel's number, as scanned.

    *owner*: whose it is, or which branch sent the parcel, where several could be meant. *parcel*:
    into which it is packed, if the scan sends it.
    """

    barcode: Barcode
    owner: Code | None = None
    damaged: bool = False
    parcel: Parcel = ""


class RequestView(Struct):
    """A request as its reader and the reader's home see it."""

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

    @classmethod
    def of(cls, row: models.Request, directory: Directory) -> Self:
        return cls(
            id=row.id,
            title=row.title,
            state=row.state,
            over=row.over,
            attempt=row.attempt,
            pickup=directory.ids[row.pickup_id].code,
            service=row.service,
            needed_by=row.needed_by,
            note=row.note,
            in_house=row.in_house,
            placed_at=row.created_at,
            as_of=row.changed_at,
        )


class Note(Struct):
    """What one branch wrote to another about a request."""

    by: str  # its role
    at: datetime
    note: str

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Self:
        return cls(told["by"], datetime.fromtimestamp(told["at"], UTC), told["note"])


class PartyView(Struct):
    """Where this branch stands in one role of one attempt, and what it may do next."""

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
    rule: str | None  # of reservation, that allowed it; at the home alone
    condition: str | None
    in_house: bool  # for use in the library only: the reader wants so, or the owner
    payer: str | None  # of a loss: which party's branch
    damage: str | None
    due: datetime | None
    collect_by: datetime | None  # while it is ready: until when it is kept for its reader
    label: str | None  # at the pickup branch: the end of the reader's card number
    trouble: str | None  # who disagrees, and where each stands
    rights: list[str]  # where the home agrees with all that they say: see ``mending``
    acts: list[str]
    writes_to: list[str]  # whose staff would read a note
    next_at: datetime | None  # when a timer rings

    @classmethod
    def of(cls, found: Found, directory: Directory) -> Self:
        party, facts = found.party, found.party.facts
        supplier = directory.ids.get(party.supplier) if party.supplier is not None else None
        return cls(
            request=party.request,
            role=party.role,
            attempt=party.attempt,
            state=party.state,
            over=party.over,
            home=directory.ids[party.home].code,
            pickup=directory.ids[party.pickup].code,
            supplier=supplier.code if supplier else None,
            title=facts.get("title") or "",
            barcode=facts.get("here") or facts.get("barcode"),
            notes=[Note.of(one) for one in facts.get("notes", [])],
            reason=facts.get("reason"),
            rule=facts.get("rule"),
            condition=facts.get("condition"),
            in_house=bool(facts.get("in_house")) or facts.get("condition") == IN_HOUSE,
            payer=facts.get("payer"),
            damage=facts.get("damage"),
            due=moment(due_of(party)),
            collect_by=moment(facts.get("collect_by")) if party.state in KEPT else None,
            label=facts.get("label"),
            trouble=found.trouble,
            rights=rights(party, found.trouble),
            acts=list(dict.fromkeys(party.acts)),
            writes_to=[directory.ids[one].code for one in party.writes_to],
            next_at=moment(party.alarm_at),
        )


def due_of(party: Party) -> int | None:
    """When the reader, or else the owner, expects it back."""
    due: int | None = party.facts.get("loan_due") or party.facts.get("due")
    return due


def moment(seconds: int | None) -> datetime | None:
    return datetime.fromtimestamp(seconds, UTC) if seconds else None


class Scanned(Struct):
    """What a scan did: which verb, to which party; or where a foreign book goes."""

    verb: str
    barcode: str
    title: str | None = None
    party: PartyView | None = None
    owner: str | None = None
    send_to: str | None = None


class MyRequest(Struct):
    """One of my requests: what comes next, when, and where it will be.

    *supplier* and *barcode* are told once it is known which book it will be. *expected_by*:
    until when the next step is waited for; then my home goes on without it.
    """

    id: UUID
    title: str
    state: str
    over: bool
    pickup: str
    pickup_zh: str
    pickup_en: str
    until: datetime | None  # collect it, bring it back, or give the wish up by then
    acts: list[str]  # cancel, renew, suspend, resume
    place: Place | None
    suspended: bool  # others go first
    suspended_until: datetime | None
    as_of: datetime
    edition: UUID | None  # the title in the catalogue, and who made it
    expected_by: datetime | None
    note: str  # that I wrote
    in_house: bool  # I want it in the library only
    supplier: str | None = None
    barcode: str | None = None
    author: str | None = None

    @classmethod
    def told(
        cls,
        row: models.Request,
        found: Found,
        place: Place | None,
        directory: Directory,
        asleep: Mapping[UUID, datetime | None],
    ) -> Self:
        """The reader's view of a wish, where its last attempt stands, and which let others by."""
        pickup, facts = directory.ids[row.pickup_id], found.party.facts
        ready = row.state == "READY_FOR_PICKUP"
        seconds = facts.get("collect_by") if ready else due_of(found.party)
        owner, book = found.party.supplier, facts.get("barcode")
        acts: list[str] = [act for act in ("cancel", "renew") if act in found.party.acts]
        if row.state == "WAITING":
            acts.append("resume" if row.id in asleep else "suspend")
        return cls(
            id=row.id,
            title=row.title,
            state=row.state,
            over=row.over,
            pickup=pickup.code,
            pickup_zh=pickup.name("zh"),
            pickup_en=pickup.name("en"),
            until=None if row.over else moment(seconds or facts.get("needed_by")),
            acts=acts,
            place=place,
            suspended=row.id in asleep,
            suspended_until=asleep.get(row.id),
            as_of=row.changed_at,
            edition=row.edition_id,
            expected_by=moment(expected_by(found)),
            note=row.note,
            in_house=row.in_house,
            supplier=directory.ids[owner].code if book and owner is not None else None,
            barcode=book,
        )
