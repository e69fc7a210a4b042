"""Tables of the catalogue. ``title_fields`` is derived from ``raw`` and can be made again."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, false, func
from sqlalchemy.orm import Mapped, mapped_column

from pinakes.platform.db import Base, TenantOwned, index, link
from pinakes.tenants.catalogue.alike import Verdict
from pinakes.tenants.catalogue.machine import PieceState


class AsItCame(TenantOwned):
    """What is kept of every record, whatever it describes.

    ``key`` is what a later file is matched by: agency and control number, else the digest.
    ``import_id`` is the job that wrote it last, nothing after a change by hand.
    """

    key: Mapped[str]
    control_number: Mapped[str]
    agency: Mapped[str]
    digest: Mapped[bytes]
    dialect: Mapped[str]
    encoding: Mapped[str]
    state: Mapped[str]  # live, or deleted by its source
    raw: Mapped[bytes]
    changed_at: Mapped[datetime] = mapped_column(server_default=func.now())
    import_id: Mapped[UUID | None] = mapped_column(sort_order=1)


class CatalogueRecord(AsItCame, Base):
    """One title of this branch."""

    __tablename__ = "record"
    __table_args__ = (index("key", unique=True), index("control_number"), index("isbn13"))

    title_fields: Mapped[dict[str, Any]]
    sort_key: Mapped[str]
    isbn13: Mapped[str]  # the first that is right, or nothing
    suppressed: Mapped[bool] = mapped_column(server_default=false())
    withdrawn: Mapped[bool] = mapped_column(server_default=false())  # out of stock, for good


class Authority(AsItCame, Base):
    """One heading (a name, a subject), kept apart from the titles."""

    __tablename__ = "authority"
    __table_args__ = (index("key", unique=True),)


class Upload(TenantOwned, Base):
    """A file in the branch's bucket, under ``uploads/ID``, until it has had its time."""

    __tablename__ = "upload"

    name: Mapped[str]
    size: Mapped[int] = mapped_column(BigInteger)
    gone_at: Mapped[datetime | None]


class Quarantined(TenantOwned, Base):
    """Bytes of a file that are no readable record, as they came, and why."""

    __tablename__ = "quarantine"
    __table_args__ = (link("job_id", "job"), index("job_id", "ordinal", unique=True))

    job_id: Mapped[UUID]
    ordinal: Mapped[int]
    byte_offset: Mapped[int] = mapped_column(BigInteger)
    reason: Mapped[str]
    facts: Mapped[dict[str, Any]]
    raw: Mapped[bytes]
    mended_at: Mapped[datetime | None]
    became: Mapped[UUID | None]  # the record, when it has been mended
    discarded_at: Mapped[datetime | None]

    @property
    def state(self) -> PieceState:
        """What somebody has done with it, if anybody has."""
        if self.mended_at is not None:
            return PieceState.MENDED
        return PieceState.WAITING if self.discarded_at is None else PieceState.DISCARDED


class ItemTrouble(TenantOwned, Base):
    """A copy in a file that did not come into stock as it is written there."""

    __tablename__ = "item_trouble"
    __table_args__ = (link("job_id", "job"), index("job_id", "ordinal"))

    job_id: Mapped[UUID]
    ordinal: Mapped[int]  # of the record in its file, from 1
    barcode: Mapped[str]
    reason: Mapped[str]  # duplicate_barcode, item_refused


class Tried(TenantOwned, Base):
    """What a trial would have written so far: no record, no copy, only what its counts need."""

    __tablename__ = "tried"
    __table_args__ = (link("job_id", "job"), index("job_id", "kind", "key", unique=True))

    job_id: Mapped[UUID]
    kind: Mapped[str]  # record, authority, item
    key: Mapped[str]  # of a copy, its barcode
    was: Mapped[dict[str, Any]]
    repairs: Mapped[list[Any]]  # codes of what was put right in the record


class Kept(TenantOwned, Base):
    """What an undo left as it is: somebody has changed or lent it since."""

    __tablename__ = "undo_kept"
    __table_args__ = (link("job_id", "job"), index("job_id", "row_id", unique=True))

    job_id: Mapped[UUID]  # of the undo
    kind: Mapped[str]  # record, authority, item
    row_id: Mapped[UUID]
    known_as: Mapped[str]  # control number or barcode
    reason: Mapped[str]  # changed_since, lent_since, still_used


class Twin(TenantOwned, Base):
    """Two titles that may be one; ``first_id`` is the older. What is decided stays decided."""

    __tablename__ = "twin"
    __table_args__ = (index("first_id", "second_id", unique=True), index("second_id"))

    first_id: Mapped[UUID]
    second_id: Mapped[UUID]
    rule: Mapped[str]  # why they may be
    verdict: Mapped[Verdict] = mapped_column(default=Verdict.OPEN)
    decided_at: Mapped[datetime | None]


class MistakeState(StrEnum):
    """What has become of a mistake that a reader has reported."""

    OPEN = "open"
    CORRECTED = "corrected"
    LEFT = "left"  # the record stays as it is


class Mistake(TenantOwned, Base):
    """What a reader says is wrong with a record; who it was is forgotten with the answer."""

    __tablename__ = "mistake"
    __table_args__ = (index("state"), index("person_id", where="person_id IS NOT NULL"))

    record_id: Mapped[UUID]  # an undo may take it away
    words: Mapped[str]
    person_id: Mapped[UUID | None]
    home_id: Mapped[int | None]
    state: Mapped[MistakeState] = mapped_column(default=MistakeState.OPEN)
    answer: Mapped[str] = mapped_column(default="")
    answered_at: Mapped[datetime | None]
