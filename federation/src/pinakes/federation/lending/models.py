"""Tables of lending: the wish at home, each party's own row, what is under way, and timers."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Index, Text, false, func, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from pinakes.platform.db import Base, TenantOwned, index, link

UNSETTLED = (  # a book that is gone, at any party, until its branch has settled that
    "over AND state IN ('LOST', 'NEVER_ARRIVED', 'COMPLETED_WITHOUT_RETURN')"
    " AND NOT flags @> ARRAY['settled']"
)
TO_PUT_BACK = (  # what its own branch has kept, and keeps for nobody any more
    "over AND flags @> ARRAY['to_put_back']"
)
ASTRAY = (  # a book that set out for home, on no request, and is given up
    "party_id IS NULL AND lost_at IS NOT NULL AND received_at IS NULL AND settled_at IS NULL"
)


class Request(TenantOwned, Base):
    """A reader's wish, at the reader's home; ``state`` is that of the last attempt."""

    __tablename__ = "request"
    __table_args__ = (
        index("person_id", "over"),
        Index(
            "request_to_cut",
            "tenant_id",
            "created_at",
            postgresql_where=text("over AND person_id IS NOT NULL"),
        ),
    )

    person_id: Mapped[UUID | None]  # none: cut, some time after the end
    title: Mapped[str]
    edition_id: Mapped[UUID | None]
    owner_id: Mapped[int | None]  # whose record it must be
    record_id: Mapped[UUID | None]
    item_id: Mapped[UUID | None]
    kind: Mapped[str]  # of copies, as which it counts; empty while nobody knows which
    pickup_id: Mapped[int]
    service: Mapped[str]
    needed_by: Mapped[date | None]
    note: Mapped[str] = mapped_column(server_default="")
    in_house: Mapped[bool] = mapped_column(server_default=false())
    attempt: Mapped[int]
    state: Mapped[str]
    over: Mapped[bool]
    changed_at: Mapped[datetime] = mapped_column(server_default=func.now())


class PartyRow(TenantOwned, Base):
    """Where this branch stands, in one role, in one attempt: see ``party.Party``."""

    __tablename__ = "request_party"
    __table_args__ = (
        index("request_id", "role", "attempt", unique=True),
        index("role", "state", where="NOT over"),
        index("trouble", where="trouble IS NOT NULL"),
        index("changed_at", where="role = 'requester' AND NOT over"),
        Index(
            "request_party_ended",
            "tenant_id",
            "changed_at",
            postgresql_where=text("role = 'requester' AND over"),
        ),
        Index("request_party_lost", "tenant_id", "id", postgresql_where=text(UNSETTLED)),
        Index("request_party_to_put_back", "tenant_id", "id", postgresql_where=text(TO_PUT_BACK)),
        Index(
            "request_party_to_cut",
            "tenant_id",
            "changed_at",
            postgresql_where=text("over AND facts ?| ARRAY['person', 'alias', 'label', 'notes']"),
        ),
    )

    request_id: Mapped[UUID]
    role: Mapped[str]
    attempt: Mapped[int]
    version: Mapped[int]
    home_id: Mapped[int]
    pickup_id: Mapped[int]
    supplier_id: Mapped[int | None]
    state: Mapped[str]
    model: Mapped[int]
    service: Mapped[str]
    flags: Mapped[list[str]] = mapped_column(ARRAY(Text))
    facts: Mapped[dict[str, Any]]
    alarm: Mapped[str | None]
    alarm_at: Mapped[int | None] = mapped_column(BigInteger)
    over: Mapped[bool]
    item_id: Mapped[UUID | None]  # the supplier's own, or the pickup branch's guest
    reasons: Mapped[dict[str, Any] | None]  # at home: who was considered, with which figures
    trouble: Mapped[str | None]  # who disagrees, and what it says
    said: Mapped[list[Any] | None]  # the last messages, for a repair
    changed_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Transit(TenantOwned, Base):
    """One leg of a book's way, as one end knows it: open from shipped to received or lost."""

    __tablename__ = "transit"
    __table_args__ = (
        link("party_id", "request_party"),
        index("party_id", "leg", unique=True, where="received_at IS NULL AND lost_at IS NULL"),
        index("party_id"),
        index("barcode"),
        index("parcel", where="parcel IS NOT NULL"),
        index("to_id", "shipped_at", where="received_at IS NULL AND lost_at IS NULL"),
        Index("transit_astray", "tenant_id", "id", postgresql_where=text(ASTRAY)),
    )

    party_id: Mapped[UUID | None]  # none: on no request, returned elsewhere
    leg: Mapped[str]  # out, home; on: from its finder to the next who waits
    from_id: Mapped[int]
    to_id: Mapped[int]
    barcode: Mapped[str]
    title: Mapped[str]
    parcel: Mapped[str | None]  # what was packed together bears one number
    shipped_at: Mapped[datetime]
    received_at: Mapped[datetime | None]
    lost_at: Mapped[datetime | None]
    settled_at: Mapped[datetime | None]  # of a loss on no request: there is nothing left to do


class Arrival(TenantOwned, Base):
    """A book of another branch that a reader gave back here."""

    __tablename__ = "arrival"
    __table_args__ = (
        index("barcode"),
        index("parcel", where="parcel IS NOT NULL"),
        index("state", where="state IN ('unknown', 'asked')"),
    )

    barcode: Mapped[str]
    owner_id: Mapped[int | None]
    state: Mapped[str]  # asked, known, unknown, settled
    title: Mapped[str | None]
    send_to: Mapped[int | None]
    rule: Mapped[str | None]  # why there
    parcel: Mapped[str | None]  # in which it goes, until it is there


class Alarm(Base):
    """A timer of one party: the worker rings it, wherever it is due."""

    __tablename__ = "alarm"
    __table_args__ = (Index("alarm_due_at", "due_at"),)

    tenant_id: Mapped[int] = mapped_column(
        primary_key=True, autoincrement=False, server_default=text("pinakes_tenant()")
    )
    id: Mapped[UUID] = mapped_column(primary_key=True)
    due_at: Mapped[datetime]
    tries: Mapped[int] = mapped_column(server_default="0")
