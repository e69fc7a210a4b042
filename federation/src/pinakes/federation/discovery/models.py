"""The public catalogue's tables: no personal data, read by all, written by the worker."""

from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSON, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from pinakes.platform.db import Base, TenantOwned, index


class Edition(Base):
    """One title of a consortium, whoever holds it."""

    __tablename__ = "edition"
    __table_args__ = {"schema": "commons"}

    id: Mapped[UUID] = mapped_column(primary_key=True)
    consortium_id: Mapped[int]


class EditionMark(Base):
    """What records are met by (see ``meeting``); ``numbered``: the edition has a number, too."""

    __tablename__ = "edition_mark"
    __table_args__ = {"schema": "commons"}

    consortium_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    key: Mapped[str] = mapped_column(primary_key=True)
    edition_id: Mapped[UUID] = mapped_column(ForeignKey("commons.edition.id"))
    numbered: Mapped[bool]
    title: Mapped[str]


class EditionChoice(TenantOwned, Base):
    """Where a person has put a record of this branch, whatever the rules say.

    It is known by its key in the catalogue, so the choice outlives the record.
    """

    __tablename__ = "edition_choice"
    __table_args__ = (index("record_key", unique=True),)

    record_key: Mapped[str]
    edition_id: Mapped[UUID]
    verdict: Mapped[str]  # split or joined


class Holding(Base):
    """One branch's record of an edition, as the branch describes it, and its copies."""

    __tablename__ = "holding"
    __table_args__ = (Index("holding_edition", "edition_id", "tenant_id"), {"schema": "commons"})

    tenant_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    record_id: Mapped[UUID] = mapped_column(primary_key=True)
    edition_id: Mapped[UUID] = mapped_column(ForeignKey("commons.edition.id"))
    title_fields: Mapped[dict[str, Any]] = mapped_column(JSON)  # written and read whole
    call_numbers: Mapped[list[str]] = mapped_column(ARRAY(Text))
    items: Mapped[int]
    available: Mapped[int]
    lendable: Mapped[int] = mapped_column(server_default="0")  # of them, not for reference
    kinds: Mapped[dict[str, int]] = mapped_column(JSONB, server_default="{}")  # each of them, too
    rule: Mapped[str] = mapped_column(server_default="alone")  # why it is in this edition


class EditionChanged(Base):
    """An edition that the index has not seen yet; ``version`` grows if it changes meanwhile."""

    __tablename__ = "edition_changed"
    __table_args__ = {"schema": "commons"}

    edition_id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(BigInteger, server_default="1")


class BranchShown(Base):
    """A branch whose titles the index shows; others are suspended, or gone."""

    __tablename__ = "branch_shown"
    __table_args__ = {"schema": "commons"}

    tenant_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
