"""Tables of readers: memberships, cards, what lenders may know, and consents."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from pinakes.platform.db import Base, TenantOwned, index, link
from pinakes.tenants.readers.machine import CardState, State


class Kind(StrEnum):
    """What a branch is to a reader."""

    HOME = "home"
    VISITING = "visiting"


class Reader(TenantOwned, Base):
    """A person's membership of one branch; at home it is all that is known of the person."""

    __tablename__ = "reader"
    __table_args__ = (index("person_id", unique=True),)

    person_id: Mapped[UUID]
    kind: Mapped[Kind]
    home_id: Mapped[int]
    reader_kind: Mapped[str]  # adult, child, …: what the lending rules tell apart
    name: Mapped[str | None]  # away from home: what the reader consented to show
    born: Mapped[date | None]
    contact: Mapped[str | None]
    state: Mapped[State] = mapped_column(default=State.ACTIVE)
    blocks: Mapped[list[Any]] = mapped_column(default=list)
    until: Mapped[date | None]  # the last day of the membership
    keep_history: Mapped[bool] = mapped_column(default=False)
    visits: Mapped[list[Any]] = mapped_column(default=list)  # at home: ids of visited branches


class Card(TenantOwned, Base):
    """A number that stands for a person, issued by the branch that owns the row.

    The person's home may read it; anybody else meets it only through
    ``card_lookup``, one presented number at a time.
    """

    __tablename__ = "card"
    __table_args__ = (
        index("number", unique=True),
        Index("card_presented", "consortium_id", "number", "tenant_id"),
        Index("card_of_person", "home_id", "person_id"),
        ForeignKeyConstraint(["tenant_id", "person_id"], ["reader.tenant_id", "reader.person_id"]),
    )

    number: Mapped[str]
    person_id: Mapped[UUID]
    home_id: Mapped[int]
    consortium_id: Mapped[int]
    old: Mapped[bool] = mapped_column(default=False)  # a barcode from before, kept as an alias
    state: Mapped[CardState] = mapped_column(default=CardState.ACTIVE)


class Standing(TenantOwned, Base):
    """What a lending branch may know of a reader: kept by the home, read by ``card_lookup``."""

    __tablename__ = "standing"
    __table_args__ = (index("person_id", unique=True),)

    person_id: Mapped[UUID]
    consortium_id: Mapped[int]
    reader_kind: Mapped[str]
    may_borrow: Mapped[bool]
    blocks: Mapped[list[Any]]
    open_loans: Mapped[int] = mapped_column(default=0)
    loans_left: Mapped[int]
    until: Mapped[date | None]
    keep_history: Mapped[bool] = mapped_column(default=False)
    as_of: Mapped[datetime]


class Consent(TenantOwned, Base):
    """A reader let one branch know more, for one purpose, by one version of a text.

    A withdrawn one stays as evidence; giving again makes a new row.
    """

    __tablename__ = "consent"
    __table_args__ = (
        index("person_id", "purpose", unique=True, where="withdrawn_at IS NULL"),
        Index("consent_of_person", "home_id", "person_id"),
    )

    person_id: Mapped[UUID]
    home_id: Mapped[int]
    purpose: Mapped[str]
    version: Mapped[int]
    digest: Mapped[str]  # SHA-256 of the text that was shown
    language: Mapped[str]
    given_by: Mapped[str]  # subject at the issuer
    request: Mapped[str | None]
    withdrawn_at: Mapped[datetime | None]
    withdrawn_by: Mapped[str | None]


class ReaderLine(TenantOwned, Base):
    """One line of an import. Its id becomes the person's, so that a crash makes nobody twice."""

    __tablename__ = "reader_line"
    __table_args__ = (link("job_id", "job"), index("job_id", "line", unique=True))

    job_id: Mapped[UUID]
    line: Mapped[int]
    cells: Mapped[dict[str, Any] | None]  # until the line is done
    outcome: Mapped[str | None]  # created, updated, unchanged, refused
    reason: Mapped[str | None]
